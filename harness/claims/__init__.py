"""Comparisons -> Verdicts: the registry's claims judged on the sessions that bear on them. Pure functions of data."""

from harness.claims.evidence import BUILDS
from harness.claims.needs import Need, needs
from harness.claims.verdict import judge

__all__ = ["BUILDS", "Need", "judge", "needs"]
