"""A catalogue -> what `bench list` tells of it."""

from __future__ import annotations

from typing import Any

from harness.catalog import Catalog
from harness.model import steps_of


def listing(catalog: Catalog) -> dict[str, list[dict[str, Any]]]:
    """What there is, for `bench list`."""
    return {
        "workloads": [
            {"name": w.name, "title": w.title, "steps": {s.name: s.title for s in w.steps},
             "cases": [
                 {"name": c.name, "summary": c.summary, "default": c.default, "params": c.params,
                  "steps": [s.name for s in steps_of(c, w.steps)]}
                 for c in w.cases
             ]}
            for w in catalog.workloads.values()
        ],
        "implementations": [
            {"name": i.name, "language": i.language, "track": i.track, "contest": i.contest, "quick": i.quick, "summary": i.summary,
             "workloads": {n: {"lacks": s.lacks, "can": s.can} for n, s in i.workloads.items()}}
            for i in catalog.implementations.values()
        ],
    }  # fmt: skip
