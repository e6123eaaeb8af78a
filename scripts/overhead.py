"""What the harness costs: a job's whole wall time against a bare `docker run` of the same image on the same request, in pairs.

`scripts/overhead.py [--pairs 10] [--case 1e6] [--select python/polars]`, on a quiet machine with Docker. Within a pair the order is drawn.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import time
from pathlib import Path

import click

from harness import catalog, data, measure, plan, session
from harness.model import Build, Case, Dataset, Job, Workload
from harness.protocol import request
from harness.runner import docker_build, live
from harness.runner.control import ControlMeter
from harness.runner.docker import DockerEngine
from harness.runner.engine import Launch
from harness.runner.execute import execute

ROOT = Path(__file__).resolve().parent.parent


def bare(client: str, build: Build, job: Job, case: Case, dataset: Dataset, workload: Workload) -> float:
    """Seconds of `docker run` with the request on its standard input."""
    folder = Path(next(iter(dataset.inputs.values()))).parent
    inputs = {name: f"/data/{Path(path).name}" for name, path in dataset.inputs.items()}
    command = [client, "run", "--rm", "-i", "--network=none", f"--cpuset-cpus={job.limits.cpus[0]}", f"--volume={folder}:/data:ro", str(build.digest)]
    start = time.monotonic()
    subprocess.run(command, input=request(job, case.params, inputs, workload.timing, None), capture_output=True, check=True)
    return time.monotonic() - start


@click.command()
@click.option("--pairs", default=10, show_default=True)
@click.option("--case", "case_name", default="1e6", show_default=True)
@click.option("--select", default="python/polars", show_default=True)
def main(pairs: int, case_name: str, select: str) -> None:
    """Print each pair, and the median of the ratios."""
    cat = catalog.load(ROOT)
    engine, workload = DockerEngine(ROOT), cat.workloads["groupby"]
    impl = cat.implementations[select]
    log = ROOT / ".bench" / "logs" / "overhead.log"
    build = engine.build(impl, cat.languages[impl.language], log, lambda _: None, clean=False)
    case = measure.cases(workload, [case_name], 1, {})[0]
    dataset = data.prepare(workload, case, click.echo)
    job = plan.jobs(workload, [case], [impl], seed=1, blocks=1, threads=1, cpus=session.choose_cpus(1))[-1]
    folder = Path(next(iter(dataset.inputs.values()))).parent
    launch = Launch(job, impl, cat.languages[impl.language], build, "overhead", live.identity(), "", folder, None)
    client, ratios = docker_build.client(ROOT), []
    with ControlMeter(workload.timing, job.limits.cpus) as meter:
        for pair in range(pairs + 1):
            seconds = {}
            for arm in random.sample(["harness", "bare"], 2):
                start = time.monotonic()
                if arm == "harness":
                    execute(engine, launch, case, dataset, workload.timing, meter, lambda _: None)
                    seconds[arm] = time.monotonic() - start
                else:
                    seconds[arm] = bare(client, build, job, case, dataset, workload)
            if pair:  # the first warms the caches
                ratios.append(seconds["harness"] / seconds["bare"])
                click.echo(f"harness {seconds['harness']:.3f} s, bare {seconds['bare']:.3f} s, ratio {ratios[-1]:.3f}")
    click.echo(f"{select} {case_name}: ratio median {statistics.median(ratios):.3f}, min {min(ratios):.3f}, max {max(ratios):.3f}, {pairs} pairs")


if __name__ == "__main__":
    main()
