"""request-server by FastAPI on uvicorn."""

from app import application
from serving.workload import RequestServer

_server = RequestServer(application, "on")
start, load, units, load_phases, serve = _server.start, _server.load, _server.units, _server.load_phases, _server.serve
