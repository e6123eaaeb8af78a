"""A job and its case -> the load generator's visit to it: which phases, which files, which CPU."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from harness.model import Build, Case, Dataset, Implementation, Language, Params, Step, UserError
from harness.runner.cpus import usable
from harness.runner.engine import Engine, Handle, Launch
from harness.runner.load.generator import ANSWERS, RECORDS, TIMEOUT_S, Visit
from harness.runner.load.phases import phases

MEMORY_BYTES = 1 << 30
ROOMY_S, CROWDED_S = 0.1, 1.0
"""How often the server is looked at under load: rarely where the harness has its CPU in common with the generator, whom each look delays
by the better part of a millisecond. Ten looks a second would make most of a 99.9th percentile."""
Tool = tuple[Implementation, Language, Build]


def visit(
    engine: Engine, tool: Tool, launch: Launch, case: Case, data: Dataset, step: Step, out: Path, tell: Callable[[str], None]
) -> Visit:
    """The visit to the job of `launch`, whose records and answers go to `out`. UserError for a case that does not say how much."""
    assert step.traffic
    implementation, language, build = tool
    job = launch.job
    limits = replace(job.limits, cpus=launch.company, memory_bytes=MEMORY_BYTES)

    def beside(server: Handle) -> Launch:
        own = replace(job, id=f"{job.id}-load", implementation=implementation.name, limits=limits)
        return replace(
            launch, job=own, implementation=implementation, language=language, build=build, out=out, outputs=None, beside=server.network
        )

    seen = engine.paths(replace(launch, out=out))
    bodies = Path(data.inputs[step.traffic.bodies]).name
    ask: dict[str, object] = {
        "cpu": launch.company[0], "spin": True, "path": step.traffic.path, "requests": f"{seen.data}/{bodies}", "seed": job.seed,
        "records": f"{seen.out}/{RECORDS}", "answers": f"{seen.out}/{ANSWERS}", "timeout_s": TIMEOUT_S,
    }  # fmt: skip
    if step.traffic.downstream:
        ask["downstream"] = downstream(case.name, case.params)
    return Visit(
        engine, beside, ask, connections(case.name, case.params), step.name, phases(step.traffic, case.params, job), job.warmup, tell,
        CROWDED_S if set(launch.company) & set(usable()) else ROOMY_S,
    )  # fmt: skip


def connections(case: str, params: Params) -> int:
    """How many a server must hold. UserError for a case that does not say."""
    found = params.get("connections")
    if not isinstance(found, int) or found < 1:
        raise UserError(f"case '{case}': parameter 'connections' is {found!r}; traffic needs a whole number from 1 on")
    return found


def downstream(case: str, params: Params) -> Mapping[str, int | float]:
    """The service behind the server, as the generator's request has it. UserError for a case that does not say."""
    port, delay = params.get("downstream_port"), params.get("downstream_ms")
    if not isinstance(port, int) or not 0 < port < 1 << 16:
        raise UserError(
            f"case '{case}': parameter 'downstream_port' is {port!r}; traffic with a downstream needs a port from 1 to 65535: "
            "mend the case, or give --param downstream_port=..."
        )
    if not isinstance(delay, int | float) or not delay >= 0:
        raise UserError(
            f"case '{case}': parameter 'downstream_ms' is {delay!r}; traffic with a downstream needs milliseconds from 0 on: "
            "mend the case, or give --param downstream_ms=..."
        )
    return {"port": port, "delay_ms": delay}
