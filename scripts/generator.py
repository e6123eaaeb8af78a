"""What the load generator can do on this machine, against a server that does next to nothing, on a quiet machine with two free CPUs.

`scripts/generator.py speed`: answers a second in a closed loop, in turns with wrk (Glozer), one thread and CPU each, and what each spends.
`scripts/generator.py open`: response times in an open loop, in turns with oha (hatoo).
`scripts/generator.py late`: how late it sends in an open loop.
`scripts/generator.py count`: ten million requests across the servers, each accounted for once.
`scripts/generator.py stall`: whether stalls of known length show where arithmetic puts them.
`scripts/generator.py pauses`: whether the slow requests are traced to pauses that were planted, and to nothing else.
"""

from __future__ import annotations

import contextlib
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import peers
import waiting
from generating import CONNECTIONS, generate, single, stopping
from served import ROOT, asked, servers, serving

from harness import blame, catalog, stats
from harness.model import Blame, Span

SERVER = "rust/null"


@click.group()
def main() -> None:
    """The load generator on trial."""


@main.command()
@click.option("--rounds", default=5, show_default=True)
@click.option("--seconds", default=5, show_default=True)
def speed(rounds: int, seconds: int) -> None:
    """In turns with wrk, both on CPU 0 with the server on CPU 1, the same single body on the same number of connections."""
    peers.require("wrk")
    ratios = []
    with serving(SERVER, 1, connections=CONNECTIONS, meter=None) as server, single(server.ask["inputs"]["requests"]) as (one, body):
        phase = {"arrivals": "closed", "seconds": seconds}
        for number in range(rounds + 1):
            theirs, used = peers.wrk(server.port, CONNECTIONS, seconds, body)
            (told,) = generate(server.port, one, phase)
            (many,) = generate(server.port, Path(server.ask["inputs"]["requests"]), phase)
            ours, spread = (t["answered"] * 1e9 / t["wall_ns"] for t in (told, many))
            click.echo(
                f"{'warm-up' if not number else f'round {number}'}: wrk {theirs:,.0f}/s ({used:.2f} CPU), ours {ours:,.0f}/s, "
                f"{ours / theirs:.3f} of it; with all bodies {spread:,.0f}/s"
            )
            ratios += [ours / theirs] if number else []
    click.echo(f"median {statistics.median(ratios):.3f} of wrk, {min(ratios):.3f} to {max(ratios):.3f}")


@main.command("open")
@click.option("--rounds", default=5, show_default=True)
@click.option("--rate", default=500, show_default=True)
@click.option("--seconds", default=20, show_default=True)
@click.option("--null", is_flag=True, help="The server that does next to nothing: what is compared then is the clients' own time.")
def paced(rounds: int, rate: int, seconds: int, null: bool) -> None:
    """In turns with oha at the same constant rate, both on CPU 0 with the server on CPU 1: times from when a request was due.

    The server waits from 5 to 25 ms, evenly spread, before it answers, so that arithmetic knows all percentiles too. oha takes for due the
    instant at which it woke, so by how much it was late itself is in ours alone.
    """
    peers.require("oha")
    ratios: dict[int, list[float]] = {q: [] for q in peers.PERCENTILES}
    with _answering(null) as (port, one, body):
        for number in range(rounds + 1):
            theirs = peers.oha(port, CONNECTIONS, rate, seconds, body)
            (told,) = generate(port, one, {"arrivals": "constant", "rate": rate, "seconds": seconds})
            ours = {q: stats.decoded(told["response"]).get_value_at_percentile(q) for q in ratios}
            at = ", ".join(f"p{q} {theirs.at[q] / 1e6:.2f} and {ours[q] / 1e6:.2f}" for q in ratios)
            answers = f"{theirs.answered:,} and {told['answered']:,} answers"
            click.echo(f"{f'round {number}' if number else 'warm-up'}: of oha and ours {answers}, {at} ms")
            for q in ratios if number else ():
                ratios[q].append(ours[q] / theirs.at[q])
    at = "; ".join(f"p{q} {statistics.median(of):.3f}, {min(of):.3f} to {max(of):.3f}" for q, of in ratios.items())
    click.echo(f"median of ours over oha's: {at}")
    if not null:
        click.echo("the wait alone: " + ", ".join(f"p{q} {waiting.predicted_s(q) * 1e3:.2f} ms" for q in ratios))


@contextlib.contextmanager
def _answering(null: bool) -> Iterator[tuple[int, Path, str]]:
    """Port, a file of one body, and the body."""
    with contextlib.ExitStack() as stack:
        if null:
            port = stack.enter_context(serving(SERVER, 1, connections=CONNECTIONS, meter=None)).port
        else:
            port = stack.enter_context(waiting.waiting(1))
        yield port, *stack.enter_context(single(asked()["inputs"]["requests"]))


@main.command()
@click.option("--rate", default=20_000, show_default=True)
@click.option("--seconds", default=10, show_default=True)
def late(rate: int, seconds: int) -> None:
    """Lateness of its sending: from the instant at which it could have sent."""
    with serving(SERVER, 1, connections=CONNECTIONS, meter=None) as server:
        bodies = Path(server.ask["inputs"]["requests"])
        for arrivals in ("constant", "poisson"):
            (told,) = generate(server.port, bodies, {"arrivals": arrivals, "rate": rate, "seconds": seconds})
            held = stats.decoded(told["lateness"])
            at = ", ".join(f"p{q:g} {held.get_value_at_percentile(q) / 1e3:.1f} us" for q in (50, 99, 99.9, 100))
            click.echo(f"{arrivals} at {rate:,}/s: {told['answered']:,} of {told['due']:,} answered; late {at}")


@main.command()
@click.option("--requests", default=10_000_000, show_default=True, help="In all, dealt out in proportion to what each gets through.")
@click.option("--share", default=0.5, show_default=True, help="Of what each gets through in a closed loop.")
def count(requests: int, share: float) -> None:
    """Every request of an open loop on every server is one record, answered once, with the right bytes. Exit code 1 where not."""
    names = [impl.name for impl in servers(catalog.load(ROOT))]
    through = {name: _counted(name, {"arrivals": "closed", "seconds": 2})[0] for name in names}
    seconds = requests / (share * sum(rate for rate in through.values()))
    total, amiss = 0, False
    for name in names:
        _, told, served_, records = _counted(name, {"arrivals": "poisson", "rate": share * through[name], "seconds": seconds})
        right = told["due"] == told["answered"] == records == served_ == told["statuses"].get("200") and not told["changed"]
        total, amiss = total + told["answered"], amiss or not right
        rate = f"{told['due'] / (told['wall_ns'] / 1e9):,.0f}/s"
        due = f"{told['due']:,} due at {rate}"
        click.echo(f"{name}: {due}, {told['answered']:,} answered, {records:,} records, the server counts {served_:,}")
    click.echo(f"{total:,} requests, {'something is amiss' if amiss else 'each accounted for once'}")
    sys.exit(amiss)


def _counted(name: str, phase: dict[str, Any]) -> tuple[float, dict[str, Any], int, int]:
    """Answers a second; what the generator tells; how many the server says it answered; records."""
    with serving(name, 1, connections=CONNECTIONS, meter=None) as server:
        bodies = Path(server.ask["inputs"]["requests"])
        (told,) = generate(server.port, bodies, phase)
    return told["answered"] * 1e9 / told["wall_ns"], told, server.done.get("served", -1), len(told["kept"])


@main.command()
@click.option("--rate", default=1_000, show_default=True)
@click.option("--seconds", default=60, show_default=True)
@click.option("--stall-ms", default=20, show_default=True)
def stall(rate: int, seconds: int, stall_ms: int) -> None:
    """The server is stopped for so long each second, under Poisson arrivals and then in a closed loop on one connection.

    Who arrives at random waits for longer than x of a stall s with the chance (s - x) a second.
    """
    with serving(SERVER, 1, connections=CONNECTIONS, meter=None) as server:
        bodies = Path(server.ask["inputs"]["requests"])
        for phase, connections in (({"arrivals": "poisson", "rate": rate}, CONNECTIONS), ({"arrivals": "closed"}, 1)):
            with stopping(server.process.pid, stall_ms / 1e3, lambda: 1 - stall_ms / 1e3) as stops:
                (told,) = generate(server.port, bodies, {**phase, "seconds": seconds}, connections=connections)
            stalls = [stop.wall_ns / 1e9 for stop in stops]
            share, mean = sum(stalls) / (told["wall_ns"] / 1e9), statistics.mean(stalls)
            click.echo(
                f"{phase['arrivals']}: {told['answered']:,} answers, {len(stalls)} stalls of {mean * 1e3:.2f} ms, {share:.2%} of the time"
            )
            found = stats.decoded(told["response"])
            for q in (0.985, 0.99, 0.995, 0.999):
                ms, predicted = found.get_value_at_percentile(100 * q) / 1e6, mean * max(0, 1 - (1 - q) / share) * 1e3
                click.echo(f"  p{100 * q:g}: {ms:.2f} ms, predicted for arrivals at random {predicted:.2f} ms, {ms / predicted:.3f} of it")


@main.command()
@click.option("--rate", default=2_000, show_default=True)
@click.option("--seconds", default=30, show_default=True)
@click.option("--pause-ms", default=5, show_default=True)
@click.option("--each-ms", default=200, show_default=True, help="The mean of the time between pauses, which is drawn (exponential).")
def pauses(rate: int, seconds: int, pause_ms: int, each_ms: int) -> None:
    """The server is stopped at drawn instants; how many beyond p99 fell on a stop, and on the same stops moved by half that mean.

    Exit code 1 unless the stops are blamed (nine in ten of the slow, 10 times their share of all, p = 1/1001) and the moved are not
    (p > 0.01).
    """
    draw = np.random.default_rng(1)
    with serving(SERVER, 1, connections=CONNECTIONS, meter=None) as server:
        bodies = Path(server.ask["inputs"]["requests"])
        with stopping(server.process.pid, pause_ms / 1e3, lambda: draw.exponential(each_ms / 1e3)) as stops:
            (told,) = generate(server.port, bodies, {"arrivals": "poisson", "rate": rate, "seconds": seconds})
    moved = [Span(stop.start_ns + each_ms * 500_000, stop.wall_ns) for stop in stops]
    true, beside = _blamed("planted", stops, told), _blamed("moved", moved, told)
    click.echo(f"p99 {true.p99_ns / 1e6:.3f} ms, without those that fell on one {(true.p99_without_ns or 0) / 1e6:.3f} ms")
    recovered = true.slow_hit >= 0.9 * true.slow and true.slow_hit / true.slow >= 10 * true.hit / true.requests and true.p == 1 / 1001
    sys.exit(not (recovered and (beside.p or 0) > 0.01))


def _blamed(name: str, spans: list[Span], told: dict[str, Any]) -> Blame:
    requests = blame.requests(*(told["kept"][field].astype("i8") for field in ("intended_ns", "done_ns")))
    found = blame.blame(name, spans, requests, told["start_ns"], told["start_ns"] + told["wall_ns"], 1)
    of_slow, of_all = found.slow_hit / found.slow, found.hit / found.requests
    hit = f"{found.slow_hit} of {found.slow} slow ({of_slow:.1%}) and {of_all:.1%} of all {found.requests:,}"
    click.echo(
        f"{name}: {found.spans} of {found.total_ns / found.spans / 1e6:.2f} ms: {hit}, {of_slow / of_all:.1f} times; p = {found.p:.4f}"
    )
    return found


if __name__ == "__main__":
    main()
