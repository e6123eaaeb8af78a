"""A catalogue whose slow images are compiled quickly, for tests that ask for right answers and not for speed.

What takes minutes from nothing (`quick = false`) is compiled with little optimisation. What is measured is compiled as its recipe
says, and block 0 of each session holds every answer of that against the oracle.
"""

import os
from dataclasses import replace
from pathlib import Path

from harness import catalog
from harness.catalog import Catalog
from harness.model import Implementation

PROFILE = {
    "CARGO_PROFILE_RELEASE_OPT_LEVEL": "1",
    "CARGO_PROFILE_RELEASE_LTO": "off",
    "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
    "OPT": "-O1",
}
"""Arguments that the recipes with Rust or CPython's source in them take; to others they are nothing."""


SLOWEST = frozenset({"rust/polars", "python/stdlib-ft", "python/stdlib-gil"})
NIGHTLY = frozenset() if os.environ.get("BENCH_NIGHTLY") else SLOWEST
"""Tested in a container by the nightly job, which sets BENCH_NIGHTLY: with them CI did not come to an end. Polars is compiled for a
quarter of an hour and more, with little optimisation or much; the other two are one program on interpreters that are compiled from
source."""


def load(root: Path) -> Catalog:
    """The checkout at `root`."""
    found = catalog.load(root)

    def made(impl: Implementation) -> Implementation:
        recipe = impl.docker or found.languages[impl.language].docker
        return impl if impl.quick else replace(impl, docker=replace(recipe, arguments={**recipe.arguments, **PROFILE}))

    return replace(found, implementations={name: made(impl) for name, impl in found.implementations.items()})
