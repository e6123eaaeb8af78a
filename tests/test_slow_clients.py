"""A client that sends a byte each half second is given up by every server, in the head and in the body: what no answer at once can show.

All servers run at the same time, for they do nothing but wait.
"""

from __future__ import annotations

import contextlib
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness import catalog
from harness.runner import local_build

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
import hostile  # noqa: E402
import served  # noqa: E402

pytestmark = [pytest.mark.impls, pytest.mark.timeout(1800)]  # servers may have to be compiled first


def test_no_slow_client_is_held_for_good() -> None:
    cat = catalog.load(ROOT)
    names = [impl.name for impl in served.servers(cat) if not local_build.missing(cat.languages[impl.language])]
    if not names:
        pytest.skip("no toolchain of any server on PATH")
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(2 * len(names)) as pool:
        running = {name: stack.enter_context(served.serving(name)) for name in names}
        said = {(name, kind): pool.submit(kind, running[name]) for name in names for kind in (hostile.slow_head, hostile.slow_body)}
        found = {f"{name} {kind.__name__}": outcome.result() for (name, kind), outcome in said.items()}
    assert not {name: outcome for name, outcome in found.items() if outcome.startswith("held")}
