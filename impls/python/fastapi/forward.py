"""`POST /forward`: a body goes on to the downstream service, and its answer comes back as it is, by aiohttp's client.

httpx goes through its whole pool at each request (encode/httpx#3215): with 1,000 that wait, it would be the pool that is measured.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TypedDict

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from serving import limits

ADDED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
"""Header fields of aiohttp's own; none is asked for."""
PATIENCE_S = 10


class Shared(TypedDict):
    """In the state of each request."""

    downstream: ClientSession


@asynccontextmanager
async def _client(app: FastAPI) -> AsyncIterator[Shared]:
    """As many connections as there are requests, from start-up until the last one is answered."""
    connector = TCPConnector(limit=0, keepalive_timeout=limits.IDLE_S)
    async with ClientSession(
        connector=connector, timeout=ClientTimeout(total=PATIENCE_S), cookie_jar=DummyCookieJar(),
        auto_decompress=False, skip_auto_headers=ADDED,
    ) as session:  # fmt: skip
        yield {"downstream": session}


def routes(port: int) -> APIRouter:
    """The path, with the client as the router's lifespan."""
    router, url = APIRouter(lifespan=_client, redirect_slashes=False), f"http://127.0.0.1:{port}/predict"

    @router.post("/forward")
    async def forward(request: Request) -> Response:
        """Status, content type and body of the downstream's answer."""
        session: ClientSession = request.state.downstream
        try:
            async with session.post(url, data=await request.body(), headers=_kind(request.headers), allow_redirects=False) as answer:
                return Response(await answer.read(), answer.status, _kind(answer.headers))
        except TimeoutError:
            raise HTTPException(504, "no answer from downstream") from None
        except ClientError as error:
            raise HTTPException(502, f"downstream: {error}") from None

    return router


def _kind(headers: Mapping[str, str]) -> dict[str, str]:
    """The content type alone, where there is one."""
    return {"content-type": headers["content-type"]} if "content-type" in headers else {}
