"""The course of one job, from `hello` to the end of standard input, in the order of impls/PROTOCOL.md."""

from pathlib import Path
from time import monotonic_ns
from typing import Any

from bench_protocol.answers import digest
from bench_protocol.contract import Workload
from bench_protocol.failure import Failure
from bench_protocol.outputs import Outputs
from bench_protocol.pauses import PauseRecorder
from bench_protocol.serving import Serving
from bench_protocol.stalls import StallMeter, Stalls
from bench_protocol.timing import timed
from bench_protocol.usage import usage
from bench_protocol.variant import hello, load_workload
from bench_protocol.wire import Request, Wire


class Job:
    """One start of one variant."""

    def __init__(self, folder: Path, wire: Wire, pauses: PauseRecorder) -> None:
        self._folder = folder
        self._wire = wire
        self._pauses = pauses
        self._samples = 0

    def run(self) -> None:
        """Returns when standard input ends; raises whatever keeps the job from its end."""
        self._wire.send("hello", **hello(self._folder))
        request = self._wire.receive()
        if request is None:
            return
        outputs = Outputs(request.outputs)
        workload = self._prepare(request)
        if request.serve:
            self._served(workload, request)
        else:
            self._stepped(workload, request, outputs)

    def _stepped(self, workload: Workload, request: Request, outputs: Outputs) -> None:
        meter = StallMeter(**request.meter) if request.meter else None
        data = self._load(workload, request._replace(outputs=outputs.working))
        for step in request.steps:
            self._step(workload, request, step, data, outputs)
        self._end(meter)

    def _served(self, workload: Workload, request: Request) -> None:
        assert request.serve
        data = self._load(workload, request)
        stalls = Stalls(**request.meter) if request.meter else None
        serving = Serving(request.serve, request.threads, self._pauses, stalls, self._listening)
        served = getattr(workload, "serve")(data, serving)  # noqa: B009 - no part of the contract's class, as in `_told`
        self._end(stalls, served=served)

    def _listening(self, port: int) -> None:
        self._wire.send("serving", port=port, now_ns=monotonic_ns())

    def _end(self, meter: StallMeter | Stalls | None, **fields: int) -> None:
        """The last events; what the caller has loaded is held until the end of standard input."""
        self._wire.send("pauses", **self._pauses.report())
        if meter:
            self._wire.send("stalls", **meter.report())
        self._wire.send("done", now_ns=monotonic_ns(), usage=usage(), runtime_memory={}, **fields)
        self._wire.wait_for_end()

    def _prepare(self, request: Request) -> Workload:
        workload = load_workload(self._folder, request.workload, request.threads)
        if bool(request.serve) != hasattr(workload, "serve"):
            raise Failure("unsupported", f"{request.workload} is {'not ' if request.serve else ''}served; see `serve` in impls/PROTOCOL.md")
        steps = request.steps if not request.serve else []  # of a server they are the load generator's
        if lacking := [step for step in steps if step not in workload.STEPS]:
            raise Failure("unsupported", f"{self._folder.name} lacks the steps {', '.join(lacking)} of {request.workload}")
        threads = workload.start(request.threads)
        self._wire.send("ready", now_ns=monotonic_ns(), threads=threads)
        return workload

    def _load(self, workload: Workload, request: Request) -> Any:
        for name, path in request.inputs.items():
            if not Path(path).is_file():
                raise Failure("input", f"the input {name} is not a file: {path}; make it with `bench data`")
        try:
            data, times = timed(workload.load, request)
        except (Failure, MemoryError):
            raise
        except Exception as error:  # each engine has its own types of error for a file that it cannot read
            raise Failure("input", f"load failed: {type(error).__name__}: {error}") from error
        fields = {"units": workload.units(data), "check": None, **_told(workload, "phases", "load_phases", data)}
        self._sample(times, step="load", warmup=False, **fields, **{"pass": 1})
        return data

    def _step(self, workload: Workload, request: Request, step: str, data: Any, outputs: Outputs) -> None:
        result = None
        for number in range(1, request.warmup + request.timed + 1):
            result = None  # frees the last pass's result before the clock starts
            if request.turns:
                self._wire.wait_for_turn()
            with outputs.of_pass(step):
                result, times = timed(workload.STEPS[step], data)
            check = workload.check(step, result)
            warmup = number <= request.warmup
            fields = {"units": workload.units(data), "check": check, **_told(workload, "phases", "phases", step, result)}
            queries = {name: told for name, told in _told(workload, "queries", "queries", step, result).items() if told}
            self._sample(times, step=step, warmup=warmup, **fields, **queries, **{"pass": number})
        if request.answers and not outputs.written:
            path = Path(request.answers) / f"{step}.csv"
            rows = workload.write(step, result, path)
            self._wire.send("answer", step=step, path=str(path), rows=rows, sha256=digest(path))

    def _sample(self, times: dict[str, int], **fields: Any) -> None:
        self._wire.send("sample", index=self._samples, **times, **fields)
        self._samples += 1


def _told(workload: Workload, field: str, function: str, *arguments: Any) -> dict[str, Any]:
    """What a module may offer. Not in the contract's class: most workloads lack it, and a module cannot inherit a default."""
    tell = getattr(workload, function, None)
    return {field: tell(*arguments)} if tell else {}
