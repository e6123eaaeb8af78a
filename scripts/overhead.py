"""What the harness costs, in pairs of drawn order, on a quiet machine.

`scripts/overhead.py job`: a job's whole wall time against a bare `docker run` of the same image on the same request.
`scripts/overhead.py inside`: the timed seconds of a Python variant's questions against the same queries in a plain script.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import click

from harness import catalog, choosing, data, plan, stats
from harness.model import Run
from harness.protocol import request
from harness.runner import docker_build, live
from harness.runner.control import ControlMeter
from harness.runner.cpus import choose_cpus
from harness.runner.docker import DockerEngine
from harness.runner.engine import Engine, Launch
from harness.runner.execute import execute
from harness.runner.local import LocalEngine
from harness.turns import alone

ROOT = Path(__file__).resolve().parent.parent


class Pair:
    """One implementation on one case, ready to run under the harness and without it."""

    def __init__(self, engine: Engine, select: str, case: str) -> None:
        cat = catalog.load(ROOT)
        self.engine, self.workload = engine, cat.workloads["groupby"]
        impl = cat.implementations[select]
        language = cat.languages[impl.language]
        build = engine.build(impl, language, ROOT / ".bench" / "logs" / "overhead.log", lambda _: None, clean=False)
        self.case = choosing.cases(self.workload, [case], 1, {})[0]
        self.data = data.prepare(self.workload, self.case, click.echo)
        self.table = Path(self.data.inputs["table"])
        job = plan.jobs(self.workload, [self.case], [impl], seed=1, blocks=1, cpus={1: choose_cpus(1)})[-1]
        self.launch = Launch(job, impl, language, build, "overhead", live.identity(), "", self.table.parent, None)

    def harness(self, meter: ControlMeter) -> Run:
        """One job as `bench run` runs it."""
        return alone(execute(self.engine, self.launch, self.case, self.data, self.workload.timing, meter, lambda _: None))

    def bare(self) -> float:
        """Wall seconds of `docker run` with the request on its standard input."""
        job = self.launch.job
        ask = request(job, self.case.params, {"table": f"/data/{self.table.name}"}, self.workload.timing, None)
        flags = ["--rm", "-i", "--network=none", f"--cpuset-cpus={job.limits.cpus[0]}", f"--volume={self.table.parent}:/data:ro"]
        command = [docker_build.client(ROOT), "run", *flags, str(self.launch.build.digest)]
        start = time.monotonic()
        subprocess.run(command, input=ask, capture_output=True, check=True)
        return time.monotonic() - start

    def plain(self) -> float:
        """Seconds of the second passes in a plain script on the same CPU, by that script's own clock."""
        folder = self.launch.implementation.folder
        python = ROOT / ".bench" / "build" / f"python-{folder.name}" / "venv" / "bin" / "python"
        command = ["taskset", "-c", str(self.launch.job.limits.cpus[0]), str(python), str(ROOT / "scripts" / "plain.py"), str(folder)]
        env = {**os.environ, "POLARS_MAX_THREADS": "1"}
        done = subprocess.run([*command, str(self.table)], capture_output=True, text=True, check=True, env=env)
        return float(done.stdout)


def compare(pairs: int, harness: Callable[[], float], other: Callable[[], float]) -> None:
    """Run both in pairs and print the ratios; the first pair warms the caches and is left out."""
    ratios = []
    for pair in range(pairs + 1):
        seconds = {arm: arm() for arm in random.sample([harness, other], 2)}
        if pair:
            ratios.append(seconds[harness] / seconds[other])
            click.echo(f"harness {seconds[harness]:.3f} s, other {seconds[other]:.3f} s, ratio {ratios[-1]:.3f}")
    click.echo(f"ratio: median {statistics.median(ratios):.3f}, min {min(ratios):.3f}, max {max(ratios):.3f}, {pairs} pairs")


@click.command()
@click.argument("what", type=click.Choice(["job", "inside"]))
@click.option("--pairs", default=10, show_default=True)
@click.option("--case", default="1e6", show_default=True)
@click.option("--select", default="python/polars", show_default=True)
def main(what: str, pairs: int, case: str, select: str) -> None:
    """Print each pair, and the median of the ratios."""
    pair = Pair(DockerEngine(ROOT) if what == "job" else LocalEngine(ROOT), select, case)
    timing, cpus = pair.workload.timing, pair.launch.job.limits.cpus

    with ControlMeter(timing, cpus) as meter:

        def wall() -> float:
            start = time.monotonic()
            pair.harness(meter)
            return time.monotonic() - start

        def inside() -> float:
            return stats.steady_seconds(pair.harness(meter)) or float("nan")

        compare(pairs, wall if what == "job" else inside, pair.bare if what == "job" else pair.plain)


if __name__ == "__main__":
    main()
