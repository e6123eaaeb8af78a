"""What a request asks of an engine: the case's parameters, checked, and the files."""

from pathlib import Path
from typing import Any, NamedTuple, Self

from bench_protocol.failure import Failure
from bench_protocol.wire import Request

from inference.models import MODELS, STREAM, Model, model_of


class Case(NamedTuple):
    """One case; the names are the spec's."""

    model: str
    batch: int
    rows: int
    queries: int
    streams: int
    """Recordings side by side (vad)."""
    threads: int
    inputs: dict[str, str]

    @classmethod
    def of(cls, request: Request) -> Self:
        """A Failure where the parameters contradict themselves or the steps."""
        params = request.params
        if params.get("model") not in MODELS:
            raise Failure("input", f"no model {params.get('model')!r}; there are {', '.join(MODELS)}")
        case = cls(
            params["model"],
            batch=_whole(params, "batch", 1),
            rows=_whole(params, "rows", 1),
            queries=_whole(params, "queries", 0),
            streams=_whole(params, "streams", 1),
            threads=request.threads,
            inputs=request.inputs,
        )
        case._check(request.steps)
        return case

    @property
    def spec(self) -> Model:
        """The model's shapes."""
        return MODELS[self.model]

    def file(self, name: str) -> Path:
        """The input of this name."""
        if name not in self.inputs:
            raise Failure("input", f"the request has no input {name}; {self.model} needs it here")
        return Path(self.inputs[name])

    def _check(self, steps: list[str]) -> None:
        if self.rows % self.batch:
            raise Failure("input", f"batch {self.batch} does not divide rows {self.rows}")
        if self.model == "vad" and self.streams % self.batch:
            raise Failure("input", f"batch {self.batch} does not divide streams {self.streams}")
        for step in steps:
            if model_of(step) != self.model:
                raise Failure("input", f"the step {step} asks another model than {self.model}")
            if step.endswith(STREAM) and not 0 < self.queries <= self.rows:
                raise Failure("input", f"{step} wants from 1 to {self.rows} queries, not {self.queries}")


def _whole(params: dict[str, Any], name: str, least: int) -> int:
    number = params.get(name, least)
    if isinstance(number, int) and not isinstance(number, bool) and number >= least:
        return number
    raise Failure("input", f"the parameter {name} is {number!r}; it must be a whole number from {least} on")
