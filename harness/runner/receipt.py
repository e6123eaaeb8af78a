"""The receipt that an implementation is built: started without a request it says `hello` and ends."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence

from harness.model import Hello
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
