"""The receipt that an implementation is built: started without a request it says `hello` and ends. And how the record of that is kept."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import msgspec

from harness.model import Build, Hello
from harness.protocol import ProtocolError, Transcript


def receipt(command: Sequence[str], env: Mapping[str, str] | None = None, timeout_s: float = 60) -> tuple[Hello | None, str]:
    """Run `command` with an empty standard input; its hello, or None and why there is none."""
    try:
        done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout_s, check=False)
        said = Transcript(owed=[])
        said.feed(done.stdout)
    except (OSError, subprocess.TimeoutExpired, ProtocolError) as error:
        return None, str(error)
    if said.hello is None or done.returncode:
        last = done.stderr.decode("utf-8", "backslashreplace").strip().splitlines()[-1:]
        return None, f"exit code {done.returncode} without 'hello' {' '.join(last)}".strip()
    return said.hello, ""


def keep(stamp: Path, build: Build) -> None:
    """Keep the record of a build. Its builds from nothing are remembered elsewhere, as they go on while this stays what it is."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_bytes(msgspec.json.encode(replace(build, clean_seconds=())))


def kept(stamp: Path) -> Build | None:
    """The record that was kept; None where there is none that can be read. Older versions kept one clean build in it, or null."""
    with suppress(OSError, msgspec.MsgspecError):
        found = msgspec.json.decode(stamp.read_bytes(), type=dict[str, object])
        return msgspec.convert({**found, "clean_seconds": ()}, Build)
    return None
