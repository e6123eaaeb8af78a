"""request-server as all Python variants share it: a module offers what the contract of bench_protocol asks, by an application alone."""

import socket
from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from math import nan
from time import monotonic_ns
from typing import Any, Literal, NamedTuple

from bench_protocol.failure import Failure
from bench_protocol.serving import Serving
from bench_protocol.stalls import Stalls
from bench_protocol.wire import Request

from serving import collector, inputs, log, server, workers
from serving.connection import State
from serving.model import FEATURES, Model
from serving.service import Service

FIRST = (1.0,) * (FEATURES - 3) + (nan,) * 3


class Loaded(NamedTuple):
    """What `load` leaves."""

    service: Service
    setting: str
    phases: Mapping[str, int]


class RequestServer:
    """The variant is its application: made of the service and of the state of the server."""

    def __init__(self, application: Callable[[Service, State], server.App], lifespan: Literal["on", "off"]) -> None:
        self._application = application
        self._lifespan: Literal["on", "off"] = lifespan

    def start(self, threads: int) -> int:
        """Workers begin when there is something to serve."""
        log.configure()
        return threads

    def load(self, request: Request) -> Loaded:
        """Model, store, and one prediction."""
        setting = collector.check(request.params.get("collector", "default"))
        downstream = inputs.downstream(request)
        entities = request.params.get("entities", 0)
        if type(entities) is not int or entities < 0:
            raise Failure("input", f"the parameter entities is {entities!r}; it must be a whole number from 0 on")
        marks = [monotonic_ns()]
        codes = inputs.categories(inputs.path_of(request, "categories"))
        version = inputs.version(inputs.path_of(request, "version"))
        model = Model(inputs.path_of(request, "onnx"))
        marks.append(monotonic_ns())
        store = inputs.store(inputs.path_of(request, "entities"), entities)
        marks.append(monotonic_ns())
        model.predict(FIRST)
        marks.append(monotonic_ns())
        spent = (end - begin for begin, end in pairwise(marks))
        return Loaded(
            Service(model, version, codes, store, downstream), setting, dict(zip(("model", "store", "first"), spent, strict=True))
        )

    def units(self, loaded: Loaded) -> int:
        """Rows that were read."""
        return len(loaded.service.store)

    def load_phases(self, loaded: Loaded) -> Mapping[str, int]:
        """Of the timed section."""
        return loaded.phases

    def serve(self, loaded: Loaded, serving: Serving) -> int:
        """The application is made before the collector is set, and before any worker is forked: both are for what stays."""
        state = State(serving.place.connections)
        application = self._application(loaded.service, state)
        collector.apply(loaded.setting)
        behind = 0 if loaded.service.downstream is None else state.limit
        return workers.serve(serving, partial(self._run, application, state), behind)

    def _run(self, application: server.App, state: State, bound: socket.socket, stalls: Stalls | None, accepting: Callable[[], Any]) -> int:
        return server.serve(application, state, bound, stalls, accepting, self._lifespan)
