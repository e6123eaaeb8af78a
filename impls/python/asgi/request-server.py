"""request-server by a bare ASGI application on uvicorn, with msgspec for JSON."""

from app import App
from serving.workload import RequestServer

_server = RequestServer(App, "off")
start, load, units, load_phases, serve = _server.start, _server.load, _server.units, _server.load_phases, _server.serve
