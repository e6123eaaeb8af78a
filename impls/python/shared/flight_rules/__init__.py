"""The strict rules of the workload csv-etl in plain Python, for every Python variant: what is a record, and which record is malformed.

`sift` reads the file by blocks and parts the plain lines, which a library's own parser cannot misread, from the odd records, which it
frames, decodes and judges itself. `judge` gives the reason of a record whose fields are known. The prose: workloads/csv-etl/workload.toml.
"""

from flight_rules.blocks import Range, ranges, sift, sift_range
from flight_rules.plain import Lines, Sifted
from flight_rules.records import Odd
from flight_rules.rejects import write_rejects
from flight_rules.rules import COLUMNS, LIMIT, MAYBE_MISSING, REASONS, TEXTS, judge

__all__ = [
    "COLUMNS",
    "LIMIT",
    "MAYBE_MISSING",
    "REASONS",
    "TEXTS",
    "Lines",
    "Odd",
    "Range",
    "Sifted",
    "judge",
    "ranges",
    "sift",
    "sift_range",
    "write_rejects",
]
