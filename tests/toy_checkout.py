"""A checkout of one workload, one language and one implementation, small enough to spoil in any place."""

from pathlib import Path

from harness.catalog import Catalog, load

WORKLOAD = """
title = "Sums"
question = "Which sums fastest?"
unit = "row"
prose = "Sum."
answer_types = { k = "text", v = "float" }
timing = { warmup = 1, timed = 2, meter_interval_ms = 5, meter_threshold_ms = 0.5 }
tolerance = { relative = 1e-9, absolute = 1e-12 }
[[steps]]
name = "s1"
title = "sum v by k"
keys = ["k"]
values = ["v"]
[[steps]]
name = "s2"
title = "mean v by k"
keys = ["k"]
values = ["v"]
[[cases]]
name = "small"
default = true
summary = "little"
params = { rows = 10, share = 0.5, source = "made" }
time_limit_s = 5
memory_mb = 64
"""
LANGUAGE = """
title = "X"
version = ["printf", "1.0"]
requires = ["true"]
local = { build = [["true", "{impl}"]], run = ["x", "{build}/it"] }
docker = { dockerfile = "docker/x.Dockerfile" }
"""
IMPLEMENTATION = """
track = "baseline"
summary = "plain"
workloads.sums = { lacks = { s1 = "no sums" }, source = ["it.x"] }
runtime = { threads = "one" }
dependencies = { direct = ["l==1"] }
ledger = { reviewed = [{ against = "a guide", finding = "fine" }] }
"""
FILES = {"workloads/sums/workload.toml": WORKLOAD, "impls/x/language.toml": LANGUAGE, "impls/x/std/impl.toml": IMPLEMENTATION}


def checkout(root: Path, **changed: tuple[str, str]) -> Catalog:
    """A catalogue of one of each, with `old` replaced by `new` in the file of that stem."""
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        old, new = changed.get(path.stem, ("", ""))
        assert old in text
        path.write_text(text.replace(old, new, 1) if old else text)
    return load(root)
