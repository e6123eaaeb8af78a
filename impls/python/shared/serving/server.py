"""One uvicorn server in this process, from a socket that is bound to the last answer of its drain."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from socket import socket
from types import FrameType
from typing import Any, Literal

import uvicorn
from bench_protocol.stalls import Stalls

from serving import limits
from serving.connection import Connection, State
from serving.log import LOGGER
from serving.meter import watch

App = Callable[..., Any]


class Server(uvicorn.Server):
    """uvicorn's, which says when it accepts, runs the stall meter on its loop, and after SIGTERM returns."""

    server_state: State

    def __init__(self, config: uvicorn.Config, state: State, stalls: Stalls | None, accepting: Callable[[], Any]) -> None:
        super().__init__(config)
        self.server_state = state
        self._stalls, self._accepting = stalls, accepting
        self._meter: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Then connections are accepted."""
        await super().startup(sockets=sockets)
        if self._stalls is not None:
            self._meter = asyncio.create_task(watch(self._stalls))
        LOGGER.info("serving")
        self._accepting()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """The drain."""
        LOGGER.info("draining")
        await super().shutdown(sockets=sockets)
        if self._meter is not None:
            self._meter.cancel()
            with suppress(asyncio.CancelledError):
                await self._meter

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """uvicorn raises the signal again once it has drained, which would end the job before its last events."""
        self.server_state.draining = True
        self.should_exit = True


def serve(
    app: App, state: State, bound: socket, stalls: Stalls | None, accepting: Callable[[], Any], lifespan: Literal["on", "off"]
) -> int:
    """Until SIGTERM; the number of answers."""
    config = uvicorn.Config(
        app,
        http=Connection,
        loop="uvloop",
        ws="none",
        lifespan=lifespan,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=limits.BACKLOG,
        timeout_keep_alive=limits.IDLE_S,
        timeout_graceful_shutdown=limits.DRAIN_S,
    )
    Server(config, state, stalls, accepting).run(sockets=[bound])
    return state.total_requests
