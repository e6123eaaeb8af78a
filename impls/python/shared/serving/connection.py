"""What uvicorn's HTTP protocol lacks of the contract: a limit on headers, deadlines for reading and writing, errors in JSON, a full drain.

Promises: a request of which a byte has come before the drain is answered. A client that is refused while it still sends gets to read why:
the connection is closed for writing first, and for reading a moment later.
"""

import asyncio
from asyncio import TimerHandle
from fcntl import ioctl
from struct import unpack
from termios import FIONREAD
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from serving import limits


class State(ServerState):
    """uvicorn's, and what connections and application need besides."""

    def __init__(self, connections: int) -> None:
        super().__init__()
        self.limit = connections + limits.SPARE_CONNECTIONS
        self.draining = False


class TooLarge(Exception):
    """The header is; httptools hands it on as an error of the parser."""


class Connection(HttpToolsProtocol):
    """One connection."""

    server_state: State

    def __init__(
        self,
        config: Config,
        server_state: State,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._message = self._header_bytes = self._open_bytes = 0
        self._in_header = self._lingering = False
        self._watched: tuple[int, int] | None = None
        self._reading: TimerHandle | None = None
        self._writing: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """uvicorn's own answer beyond its limit is no JSON, and it gives a connection no time limit before its first request."""
        super().connection_made(transport)
        if len(self.connections) > self.server_state.limit:
            self.app = overloaded
        self.timeout_keep_alive_task = self.loop.call_later(limits.IDLE_S, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        """Timers go; uvicorn keeps its own where the connection was broken off."""
        self._unset_keepalive_if_required()
        for timer in (self._reading, self._writing):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """What is unread after a refusal is thrown away."""
        if self._lingering:
            return
        between = not self._in_header and (self.cycle is None or not self.cycle.more_body)
        last = self._message + between
        super().data_received(data)
        if self._in_header and self._message == last:
            self._count_open(len(data))
        if not self.transport.is_closing() and not self._lingering:
            self._watch()
            if self.server_state.draining:
                self._retire()

    def on_message_begin(self) -> None:
        """A byte of a request has come."""
        super().on_message_begin()
        self._message += 1
        self._in_header, self._header_bytes, self._open_bytes = True, 0, 0

    def on_url(self, url: bytes) -> None:
        """Counts."""
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Counts."""
        super().on_header(name, value)
        self._count(len(name) + len(value) + len(": \r\n"))

    def on_headers_complete(self) -> None:
        """From here on the request is a cycle of uvicorn's."""
        self._in_header = False
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """A client that still sends a body has been refused, and can't be asked again on this connection."""
        super().on_response_complete()
        if self.transport.is_closing():
            return
        if self.cycle.response_complete and self.cycle.more_body:
            self._linger()
        elif self.server_state.draining:
            self._retire()

    def shutdown(self) -> None:
        """uvicorn would cut a connection with half a header on it."""
        self._retire()

    def pause_writing(self) -> None:
        """The client reads too little."""
        super().pause_writing()
        self._writing = self.loop.call_later(limits.WRITE_S, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None

    def send_400_response(self, msg: str) -> None:
        """uvicorn asks for it when the parser gives up."""
        if max(self._header_bytes, self._open_bytes) > limits.HEADER_BYTES:
            self._refuse(431, f"the header is larger than {limits.HEADER_BYTES} bytes")
        else:
            self._refuse(400, msg)

    def _count(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > limits.HEADER_BYTES:
            raise TooLarge

    def _count_open(self, size: int) -> None:
        """The parser tells of a field once it is whole, and would wait for its end for ever. These bytes are all of one header."""
        self._open_bytes += size
        if self._open_bytes > limits.HEADER_BYTES:
            self.send_400_response("")

    def _watch(self) -> None:
        """Sets the deadline of what is being read now: a header, a body, or nothing."""
        if self._in_header:
            now = (self._message, limits.HEADER_S)
        elif self.cycle is not None and self.cycle.more_body:
            now = (self._message, limits.BODY_S)
        elif self._reading is None:
            return
        else:
            now = None
        if now == self._watched:
            return
        if self._reading is not None:
            self._reading.cancel()
        self._watched = now
        self._reading = None if now is None else self.loop.call_later(now[1], self._too_slow)

    def _too_slow(self) -> None:
        self._refuse(408, "the request did not come in time")

    def _refuse(self, status: int, message: str) -> None:
        """Answers in the application's place, once."""
        if self._lingering or self.transport.is_closing():
            return
        self.transport.write(limits.last_answer(status, message))
        self.server_state.total_requests += 1
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._linger()

    def _linger(self) -> None:
        """Closed with bytes unread, a connection is reset, and the answer may be lost with it."""
        self._lingering = True
        if self._reading is not None:
            self._reading.cancel()
        self._unset_keepalive_if_required()
        self.flow.resume_reading()
        self.transport.write_eof()
        self.loop.call_later(limits.LINGER_S, self.transport.close)

    def _retire(self) -> None:
        """While draining: an idle connection is closed, and the newest request's answer is the last of a busy one."""
        if self._lingering or self._in_header or self._unread():
            return
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
        else:
            self.cycle.keep_alive = False

    def _unread(self) -> int:
        """Bytes that have come and that the loop has not handed over yet."""
        socket = self.transport.get_extra_info("socket")
        return cast(int, unpack("i", ioctl(socket.fileno(), FIONREAD, bytes(4)))[0])


async def overloaded(scope: Any, receive: Any, send: Any) -> None:
    """The application of a connection too many."""
    body = limits.error("too many connections")
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})
