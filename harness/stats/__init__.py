"""Runs -> figures -> Summary, Comparison, Floor, advice. Pure functions; the unit is the invocation (a container start), never the request.

Figures are compared on the logarithm, so a Comparison is a ratio of geometric means; pairs are formed by block (METHODOLOGY.md).
The order of reading: gate, metrics (with figures, early_stopping), estimate, ratio, ranking, floor, advice; family stands beside.
Of what is served: served, tails (with predictability, which nothing calls yet, nor warmup) and causes.
"""

from harness.stats.advice import blocks_for_precision, blocks_needed, chance
from harness.stats.causes import Cause, causes
from harness.stats.early_stopping import allowed
from harness.stats.estimate import CONFIDENCE, Estimate, combine, difference, estimate
from harness.stats.family import binomial_interval, calibration, calibration_by_groups, holm
from harness.stats.figures import FEW, by_block, cold_start_seconds, cpu_seconds, first_seconds, query_seconds, steady_seconds, summarise
from harness.stats.floor import floor, null_pairs, spread, twin
from harness.stats.gate import counts, exclusions, gate
from harness.stats.metrics import FLOOR, METRICS, Input, Inputs, Metric, fact, figure, inputs, sampled
from harness.stats.ranking import Ranking, rank
from harness.stats.ratio import Side, Standing, compare, comparison, logs_by_block, paired, standing, welch
from harness.stats.served import decoded, phases, timely
from harness.stats.tails import (
    Predictability,
    Tail,
    beyond,
    histogram,
    predictability,
    quantile,
    requests_needed,
    tail,
    unevenness,
    value_at,
)
from harness.stats.warmup import Course, course

__all__ = [
    "CONFIDENCE",
    "FEW",
    "FLOOR",
    "METRICS",
    "Cause",
    "Course",
    "Estimate",
    "Input",
    "Inputs",
    "Metric",
    "Predictability",
    "Ranking",
    "Side",
    "Standing",
    "Tail",
    "allowed",
    "beyond",
    "binomial_interval",
    "blocks_for_precision",
    "blocks_needed",
    "by_block",
    "calibration",
    "calibration_by_groups",
    "causes",
    "chance",
    "cold_start_seconds",
    "combine",
    "compare",
    "comparison",
    "counts",
    "course",
    "cpu_seconds",
    "decoded",
    "difference",
    "estimate",
    "exclusions",
    "fact",
    "figure",
    "first_seconds",
    "floor",
    "gate",
    "histogram",
    "holm",
    "inputs",
    "logs_by_block",
    "null_pairs",
    "paired",
    "phases",
    "predictability",
    "quantile",
    "query_seconds",
    "rank",
    "requests_needed",
    "sampled",
    "spread",
    "standing",
    "steady_seconds",
    "summarise",
    "tail",
    "timely",
    "twin",
    "unevenness",
    "value_at",
    "welch",
]
