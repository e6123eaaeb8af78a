"""A server whose answers take a known time: a drawn wait, evenly spread, long beside what a client needs for itself.

`scripts/waiting.py` says its port, answers whatever is posted, and ends with its standard input.
"""

from __future__ import annotations

import contextlib
import http.server
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

from harness.protocol import HOST

SHORTEST_S, LONGEST_S = 0.005, 0.025
ANSWER = b'{"probability": 0.5, "model": "waiting"}'


def predicted_s(percentile: float) -> float:
    """Of the wait alone."""
    return SHORTEST_S + (LONGEST_S - SHORTEST_S) * percentile / 100


@contextlib.contextmanager
def waiting(cpu: int) -> Iterator[int]:
    """Its port, while it runs pinned to the CPU; leaving the `with` closes its standard input."""
    with subprocess.Popen(
        ["taskset", "-c", str(cpu), sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        yield int(server.stdout.readline())


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection, in a thread of its own: kept alive, headers and body in one packet."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_POST(self) -> None:
        """Waits, and answers."""
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(random.uniform(SHORTEST_S, LONGEST_S))  # noqa: S311 - no secret
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *_: object) -> None:
        """Nothing: a line an answer would be timed too."""


def main() -> None:
    """Until its standard input ends."""
    server = http.server.ThreadingHTTPServer((HOST, 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
