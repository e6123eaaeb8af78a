"""A server of the workload `doubling`, honest; variants override one method to do one thing wrong."""

from __future__ import annotations

import gc
import json
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from speaker import Honest, Meter


class Server(Honest):
    """The course of a served job."""

    workload = "doubling"

    def __init__(self) -> None:
        super().__init__()
        self.served = 0
        self.lock = threading.Lock()

    # --- what variants change
    def answer(self, n: int) -> dict[str, Any]:
        return {"value": 2.0 * n}

    def status(self) -> int:
        return 200

    def counted(self) -> int:
        return self.served

    def wait(self) -> None:
        """Until SIGTERM."""
        signal.sigwait({signal.SIGTERM})

    # --- the course
    def _serve(self, line: bytes) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        self.ask = json.loads(line)
        self.emit("ready", now_ns=time.monotonic_ns(), threads=self.threads)
        server = ThreadingHTTPServer((self.ask["serve"]["host"], self.ask["serve"]["port"]), handler(self))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self._timed("load", 1, False)
        meter = Meter(**self.ask["meter"])
        meter.start()
        self.emit("serving", port=server.server_address[1], now_ns=time.monotonic_ns())
        self.wait()
        server.shutdown()
        gc.callbacks.append(self._collected)
        self._last_events(meter)
        self.finish()

    def _load(self) -> list[Any]:
        return []

    def emit(self, event: str, **fields: object) -> None:
        super().emit(event, **fields, **({"served": self.counted()} if event == "done" else {}))


def handler(server: Server) -> type[BaseHTTPRequestHandler]:
    """Answers `POST /double`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            n = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["n"]
            body = json.dumps(server.answer(n)).encode()
            self.send_response(server.status())
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            with server.lock:
                server.served += 1

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    return Handler
