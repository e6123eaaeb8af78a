"""What each server makes of clients that mean it ill, as a table: slow, silent, endless, malformed, and ended in the middle.

`scripts/hostile.py` takes every server of request-server on the local toolchains, `--select` some; `--fuzz 100000` malformed requests each,
`--jobs 4` servers at a time (most of it is waiting), `--markdown` the table of a document in the place of JSON.
Exit code 1 where a server died, forgot a request that it had accepted, or did not answer its health afterwards.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import signal
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import click
from served import ROOT, Served, ready, servers, serving, status

from harness import catalog
from harness.protocol import HOST

MIB = 1 << 20
POST = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
Attack = Callable[[Served], str]


@dataclass(slots=True)
class Findings:
    """A row of the table, and what must not be."""

    row: dict[str, str] = field(default_factory=dict)
    amiss: list[str] = field(default_factory=list)


def healthy(server: Served) -> bool:
    """Whether it still answers."""
    try:
        connection = http.client.HTTPConnection(HOST, server.port, timeout=10)
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False


def answered(line: socket.socket, seconds: float) -> str:
    """The status of the next whole answer; `closed`, `silent`, `reset`, or `no HTTP`."""
    line.settimeout(seconds)
    try:
        return str(status(line))
    except TimeoutError:
        return "silent"
    except http.client.RemoteDisconnected:
        return "closed"
    except OSError:
        return "reset"
    except http.client.HTTPException:
        return "no HTTP"


def slow_head(server: Served) -> str:
    """A byte of the head each half second; how long until it is refused."""
    began = time.monotonic()
    with server.connect() as line, contextlib.suppress(OSError):
        line.sendall(b"GET /healthz HTTP/1.1\r\nX: ")
        while time.monotonic() - began < 45:
            line.sendall(b"a")
            if (said := answered(line, 0.5)) != "silent":
                return f"{said} after {time.monotonic() - began:.0f} s"
        return "held for 45 s"
    return f"reset after {time.monotonic() - began:.0f} s"


def slow_body(server: Served) -> str:
    """The same within the body."""
    began = time.monotonic()
    with server.connect() as line, contextlib.suppress(OSError):
        line.sendall(POST + b"Content-Length: 1000\r\n\r\n")
        while time.monotonic() - began < 75:
            line.sendall(b" ")
            if (said := answered(line, 0.5)) != "silent":
                return f"{said} after {time.monotonic() - began:.0f} s"
        return "held for 75 s"
    return f"reset after {time.monotonic() - began:.0f} s"


def many_half_open(server: Served) -> str:
    """As many connections as it may hold, each with half a head; does another client still get through?"""
    lines = []
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            for _ in range(32):
                line = stack.enter_context(server.connect(2))
                line.sendall(b"GET /healthz HTTP/1.1\r\nX: ")
                lines.append(line)
        return f"{len(lines)} held, others {'served' if healthy(server) else 'refused'}"


def huge_body(server: Served) -> str:
    """100 MB with its length, sent whatever is said."""
    return _huge(server, b"Content-Length: %d\r\n\r\n" % (100 * MIB), b" " * 65536, 1600)


def huge_chunked(server: Served) -> str:
    """100 MB without a length."""
    return _huge(server, b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b" " * 65536 + b"\r\n", 1600)


def _huge(server: Served, head: bytes, piece: bytes, times: int) -> str:
    sent = 0
    with server.connect(20) as line:
        try:
            line.sendall(POST + head)
            for _ in range(times):
                line.sendall(piece)
                sent += len(piece)
        except OSError:
            pass
        return f"{answered(line, 5)}, {sent / MIB:.0f} MiB taken"


def never_reads(server: Served) -> str:
    """Sends requests without reading an answer; how many bytes until it is stopped."""
    body = server.bodies(1)[0].encode()
    request = POST + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    sent = 0
    with server.connect(3) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        try:
            while sent < 64 * MIB:
                line.sendall(request * 64)
                sent += len(request) * 64
        except TimeoutError:
            return f"stopped after {sent / MIB:.1f} MiB of requests"
        except OSError:
            return f"closed after {sent / MIB:.1f} MiB of requests"
    return f"took {sent / MIB:.0f} MiB of requests"


def smuggled(server: Served) -> str:
    """Two lengths that differ: which is refused."""
    with server.connect(5) as line:
        line.sendall(POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        first = answered(line, 3)
    with server.connect(5) as line:
        line.sendall(POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n123456")
        return f"length and chunks {first}, two lengths {answered(line, 3)}"


ATTACKS: dict[str, Attack] = {
    "slow head": slow_head, "slow body": slow_body, "half open": many_half_open, "100 MB": huge_body, "100 MB in chunks": huge_chunked,
    "never reads": never_reads, "two lengths": smuggled,
}  # fmt: skip


TOKENS = [b"null", b"-0", b"1e400", b'"\\ud800"', b"[[[[", b"{}", b"\x00", b"\xff", b"NaN", b"1" * 400, b'"' + b"a" * 3000 + b'"', b"true"]


def cases(server: Served, draw: random.Random) -> Iterator[bytes]:
    """Malformed HTTP and JSON for ever: good requests with bytes changed, cut, doubled or moved, and bodies of nonsense."""
    bodies = [body.encode() for body in server.bodies(50)]
    while True:
        body = bytearray(draw.choice(bodies))
        for _ in range(draw.randrange(1, 4)):
            at = draw.randrange(len(body))
            match draw.randrange(4):
                case 0:
                    body[at] = draw.randrange(256)
                case 1:
                    del body[at : at + draw.randrange(1, 20)]
                case 2:
                    body[at:at] = draw.choice(TOKENS)
                case _:
                    body[at:at] = body[: draw.randrange(20)]
            body = body or bytearray(b"{")
        yield bytes(body)


def fuzz(server: Served, count: int, seed: int) -> tuple[str, str | None]:
    """`count` bodies over kept connections, one in a hundred with a head spoilt too; statuses, and what is amiss."""
    draw, seen, line = random.Random(seed), Counter[str](), server.connect(10)  # noqa: S311 - cases, no secrets
    for number, body in zip(range(count), cases(server, draw), strict=False):
        request = bytearray(POST + b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        spoilt = number % 100 == 0
        if spoilt:
            request[draw.randrange(60)] = draw.randrange(256)
        try:
            line.sendall(request)
            said = answered(line, 0.1 if spoilt else 10)
        except OSError:
            said = "reset"
        seen[said] += 1
        if spoilt or said not in {"200", "400"}:
            line.close()
            try:
                line = server.connect(10)
            except OSError:
                return str(dict(seen)), f"died at request {number}"
    line.close()
    bad = sorted(name for name in seen if name.startswith("5") and name != "505")  # a version that is none is refused so
    told = ", ".join(f"{n} {name}" for name, n in seen.most_common())
    return told, f"answered {', '.join(bad)}" if bad else None


def drained(name: str) -> tuple[str, str | None]:
    """SIGTERM while eight clients ask one request after the other: each request sent whole must be answered, or its connection refused."""
    lost, got, over = list[str](), [0], threading.Event()

    def client(server: Served, body: bytes) -> None:
        request = POST + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        with contextlib.suppress(OSError), server.connect(10) as line:
            while not over.is_set():
                line.sendall(request)
                said = answered(line, 10)
                if said in {"closed", "reset"}:
                    return  # between two requests: this one had not come when the server closed
                if said != "200":
                    lost.append(said)
                    return
                got[0] += 1

    with serving(name) as server:
        body = server.bodies(1)[0].encode()
        clients = [threading.Thread(target=client, args=(server, body)) for _ in range(8)]
        for thread in clients:
            thread.start()
        time.sleep(1)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.stdin
        server.process.stdin.close()
        server.process.stdin = None  # communicate() would flush it
        server.process.wait(20)
        over.set()
        for thread in clients:
            thread.join()
    told = server.done.get("served")
    amiss = None if server.code == 0 and not lost and told == got[0] else f"SIGTERM: code {server.code}, served {told} of {got[0]}, {lost}"
    return f"{got[0]} answered, {told} told of", amiss


def killed(name: str) -> str:
    """SIGKILL: what a client sees."""
    with serving(name) as server, server.connect() as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        first = answered(line, 5)
        server.process.kill()
        return f"{first}, then {answered(line, 5)}"


def tried(name: str, count: int, seed: int) -> Findings:
    """All of it on one server."""
    found = Findings()
    with serving(name) as server:
        for what, attack in ATTACKS.items():
            found.row[what] = attack(server)
            if found.row[what].startswith("held for"):
                found.amiss.append(f"{what}: never given up")
            if not healthy(server):
                found.amiss.append(f"{what}: not healthy afterwards")
        found.row[f"{count:,} malformed"], bad = fuzz(server, count, seed)
        found.amiss += [bad] if bad else []
        if not healthy(server):
            found.amiss.append("fuzz: not healthy afterwards")
    if server.code != 0:
        found.amiss.append(f"ended with {server.code}: {server.errors[-300:]}")
    found.row["SIGTERM under load"], bad = drained(name)
    found.amiss += [bad] if bad else []
    found.row["SIGKILL"] = killed(name)
    return found


def table(found: dict[str, Findings]) -> Iterator[str]:
    """A row a server."""
    columns = list(next(iter(found.values())).row)
    yield f"| server | {' | '.join(columns)} | amiss |"
    yield "|---|" + "---|" * (len(columns) + 1)
    for name, of in found.items():
        yield f"| {name} | {' | '.join(of.row[column] for column in columns)} | {'; '.join(of.amiss) or 'nothing'} |"


@click.command()
@click.option("--select", "-s", multiple=True, help="Servers by name; all where none is named.")
@click.option("--fuzz", "count", default=2_000, show_default=True, help="Malformed requests a server.")
@click.option("--seed", default=1, show_default=True)
@click.option("--jobs", default=1, show_default=True, help="Servers at a time.")
@click.option("--markdown", is_flag=True, help="A table, at the end.")
def main(select: tuple[str, ...], count: int, seed: int, jobs: int, markdown: bool) -> None:
    """Try every server; a line of JSON for each."""
    names = select or tuple(impl.name for impl in servers(catalog.load(ROOT)))
    for name in names:
        ready(name)  # one after the other: builds share a folder
    found = dict[str, Findings]()
    with ThreadPoolExecutor(jobs) as pool:
        for name, of in zip(names, pool.map(lambda name: tried(name, count, seed), names), strict=True):
            found[name] = of
            if not markdown:
                click.echo(json.dumps({"server": name, **of.row, "amiss": of.amiss}))
    if markdown:
        click.echo("\n".join(table(found)))
    sys.exit(any(of.amiss for of in found.values()))


if __name__ == "__main__":
    main()
