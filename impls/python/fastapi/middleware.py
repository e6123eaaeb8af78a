"""Around the application, as plain ASGI: a limit on bodies, and figures of every answer.

BaseHTTPMiddleware would run each request in a task of its own and copy its body through a queue.
"""

from time import perf_counter

from errors import answer
from prometheus_client import CollectorRegistry, Counter, Histogram
from serving import limits, metrics
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOO_LARGE = f"the body is larger than {limits.BODY_BYTES} bytes"


class BodyLimit:
    """413: by the length before a byte is read, or while chunks come."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if int(Headers(scope=scope).get("content-length", "0")) > limits.BODY_BYTES:
            await answer(413, TOO_LARGE)(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limits.BODY_BYTES:
                raise HTTPException(413, TOO_LARGE)
            return message

        await self._app(scope, counted, send)


class Figures:
    """http_requests_total and http_request_duration_seconds."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._requests = Counter(*metrics.REQUESTS, ("code", "path"), registry=registry)
        self._duration = Histogram(*metrics.DURATION, buckets=metrics.BUCKETS, registry=registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            route = scope.get("route")
            self._requests.labels(str(status), route.path if route else metrics.OTHER).inc()
            self._duration.observe(perf_counter() - begun)
