"""The API as one ASGI callable: a look at the path, a body read and checked, an answer whose head was made before.

Promise: every request gets one answer; what a handler raises becomes 500, and the server goes on.
"""

from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any, NamedTuple

import bodies
from serving import limits, metrics
from serving.connection import State
from serving.log import LOGGER
from serving.service import Refusal, Service
from tally import Tally

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Answer = tuple[int, bytes]
ENTITIES = "/entities/"
KEPT_BYTES = 512
"""Answers below this are alike enough for their heads to be kept."""
JSON = (b"content-type", b"application/json")
TEXT = (b"content-type", metrics.CONTENT_TYPE.encode())


class Route(NamedTuple):
    """One path: its label, its method and who answers."""

    label: str
    method: str
    handle: Callable[[dict[str, Any], Receive], Awaitable[Answer]]


class TooLarge(Exception):
    """413."""


class Gone(Exception):
    """The client is; there is nobody to answer."""


class App:
    """One server's application."""

    def __init__(self, service: Service, state: State) -> None:
        self._service, self._state, self._tally = service, state, Tally()
        self._heads: dict[tuple[int, int], dict[str, Any]] = {}
        self._end = b',"model":' + bodies.encode(service.version) + b"}"
        self._routes = {
            "/predict": Route("/predict", "POST", self._predict),
            "/predict/batch": Route("/predict/batch", "POST", self._batch),
            "/healthz": Route("/healthz", "GET", self._health),
            "/metrics": Route("/metrics", "GET", self._metrics),
        }
        self._entities = Route("/entities/{id}", "GET", self._entity)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """One request."""
        begun = perf_counter()
        route = self._routes.get(scope["path"]) or self._other(scope["path"])
        try:
            status, body = await self._answer(route, scope, receive)
        except Gone:
            return
        await send(self._head(status, len(body), route))
        await send({"type": "http.response.body", "body": body})
        self._tally.note(status, route.label if route else metrics.OTHER, perf_counter() - begun)

    async def _answer(self, route: Route | None, scope: dict[str, Any], receive: Receive) -> Answer:
        if route is None:
            return 404, limits.error("there is nothing at this path")
        if scope["method"] != route.method:
            return 405, limits.error(f"only {route.method} is known here")
        try:
            return await route.handle(scope, receive)
        except Refusal as error:
            return 400, limits.error(str(error))
        except TooLarge:
            return 413, limits.error(f"the body is larger than {limits.BODY_BYTES} bytes")
        except Gone:
            raise
        except Exception:
            LOGGER.exception("a handler failed")
            return 500, limits.error("internal error")

    async def _predict(self, scope: dict[str, Any], receive: Receive) -> Answer:
        flight = bodies.flight(await _body(scope, receive))
        probability = self._service.predict(flight)
        if flight.entity is not None:
            self._tally.updates += 1
        return 200, b'{"probability":' + repr(probability).encode() + self._end

    async def _batch(self, scope: dict[str, Any], receive: Receive) -> Answer:
        flights = bodies.batch(await _body(scope, receive))
        probabilities = self._service.predict_many(flights)
        self._tally.updates += sum(flight.entity is not None for flight in flights)
        return 200, b'{"probabilities":' + bodies.encode(probabilities) + self._end

    async def _entity(self, scope: dict[str, Any], receive: Receive) -> Answer:
        name = scope["path"][len(ENTITIES) :]
        record = self._service.store.get(name)
        if record is None:
            return 404, limits.error("there is no such entity")
        return 200, bodies.encode({"id": name, "seen": record.seen, "last": record.last, "recent": record.recent})

    async def _health(self, scope: dict[str, Any], receive: Receive) -> Answer:
        return (503, b'{"status":"draining"}') if self._state.draining else (200, b'{"status":"ok"}')

    async def _metrics(self, scope: dict[str, Any], receive: Receive) -> Answer:
        return 200, self._tally.text()

    def _other(self, path: str) -> Route | None:
        return self._entities if path.startswith(ENTITIES) and len(path) > len(ENTITIES) else None

    def _head(self, status: int, length: int, route: Route | None) -> dict[str, Any]:
        """Kept by what it depends on; of 405 and /metrics, which are rare, made anew."""
        if route is not None and status == 405:
            return _start(status, length, JSON, (b"allow", route.method.encode()))
        if route is not None and route.label == "/metrics":
            return _start(status, length, TEXT if status == 200 else JSON)
        head = self._heads.get((status, length))
        if head is None:
            head = _start(status, length, JSON)
            if length < KEPT_BYTES:
                self._heads[status, length] = head
        return head


def _start(status: int, length: int, *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": [*headers, (b"content-length", b"%d" % length)]}


async def _body(scope: dict[str, Any], receive: Receive) -> bytes:
    """The whole body; too large by its length before a byte is asked for, or as soon as it has come."""
    for name, value in scope["headers"]:
        if name == b"content-length" and int(value) > limits.BODY_BYTES:
            raise TooLarge
    message = await _next(receive)
    body: bytes = message["body"]
    while message["more_body"]:
        message = await _next(receive)
        body += message["body"]
        if len(body) > limits.BODY_BYTES:
            raise TooLarge
    return body


async def _next(receive: Receive) -> dict[str, Any]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Gone
    return message
