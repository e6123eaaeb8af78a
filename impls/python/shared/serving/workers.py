"""One process that serves, or several on one listening socket. Promise: one worker is this process itself, and nothing is forked.

The socket is bound before the fork and inherited, as uvicorn's own supervisor shares it: one queue, from which whoever is free takes a
connection. With SO_REUSEPORT each worker has a queue of its own, filled by a hash of the client's port, and what waits in it is lost when
the worker ends. What has been loaded is there once, and copied page by page as it is written to (gunicorn's preload).
"""

import multiprocessing
import resource
import signal
import socket
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from typing import Any, TypeAlias

from bench_protocol.failure import Failure
from bench_protocol.pauses import PauseRecorder
from bench_protocol.serving import Serving
from bench_protocol.stalls import Stalls

from serving import limits

Run = Callable[[socket.socket, Stalls | None, Callable[[], Any]], int]
"""Serves on the socket until SIGTERM, tells when it accepts, returns the number of answers."""

Pipe: TypeAlias = "tuple[Connection[Any, Any], Connection[Any, Any]]"
"""Where the parent hears, and where a worker tells."""


def serve(serving: Serving, run: Run, behind: int = 0) -> int:
    """In as many processes as the request has threads. `behind` is how many connections each may open itself."""
    _raise_file_limit(serving.place.connections + behind)
    with _bound(serving.place.host, serving.place.port) as bound:
        accepting = partial(serving.listening, bound.getsockname()[1])
        if serving.threads == 1:
            return run(bound, serving.stalls, accepting)
        return _several(serving, run, bound, accepting)


def _several(serving: Serving, run: Run, bound: socket.socket, accepting: Callable[[], Any]) -> int:
    fork = multiprocessing.get_context("fork")
    pipes = [fork.Pipe(duplex=False) for _ in range(serving.threads)]
    workers = [fork.Process(target=_work, args=(serving, run, bound, pipes, number), daemon=True) for number in range(len(pipes))]
    for worker in workers:
        worker.start()
    for _, told in pipes:
        told.close()
    bound.close()
    signal.signal(signal.SIGTERM, partial(_forward, workers))
    ends = [end for end, _ in pipes]
    _each(ends)
    accepting()
    served = 0
    for answers, pauses, stalls in _each(ends):
        served += answers
        serving.pauses.absorb(pauses)
        if serving.stalls is not None:
            serving.stalls.absorb(stalls)
    for worker in workers:
        worker.join()
    return served


def _forward(workers: list[ForkProcess], *_: object) -> None:
    for worker in workers:
        worker.terminate()


def _work(serving: Serving, run: Run, bound: socket.socket, pipes: "list[Pipe]", number: int) -> None:
    """A worker, in its own process: what the parent has recorded is the parent's, and pipes of others would not end with them."""
    told = pipes[number][1]
    for end in (end for pipe in pipes for end in pipe if end is not told):
        end.close()
    serving.pauses.stop()
    pauses, stalls = PauseRecorder(), serving.stalls and Stalls(serving.stalls.interval_ns, serving.stalls.threshold_ns)
    served = run(bound, stalls, partial(told.send, True))
    told.send((served, pauses.stop(), stalls and stalls.report()))


def _each(ends: "list[Connection[Any, Any]]") -> list[Any]:
    """The next message of every worker; a Failure as soon as one is gone."""
    heard = []
    waiting = list(ends)
    while waiting:
        for end in wait(waiting):
            assert isinstance(end, Connection)
            try:
                heard.append(end.recv())
            except EOFError:
                raise Failure("internal", "a worker process died; standard error has its last words") from None
            waiting.remove(end)
    return heard


def _bound(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=limits.BACKLOG)
    except OSError as error:
        raise Failure("internal", f"can't listen on {host}, port {port}: {error}") from error


def _raise_file_limit(connections: int) -> None:
    needed = connections + limits.SPARE_CONNECTIONS + limits.SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise Failure("internal", f"{connections} connections need a file limit of {needed}; the hard limit is {hard}")
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
