"""The queries of a Python variant without the protocol, as a plain script would run them: two passes a step, seconds of the second summed.

`POLARS_MAX_THREADS=1 <variant's python> scripts/plain.py impls/python/polars table.csv`
"""

import importlib.util
import sys
import time
from pathlib import Path
from types import SimpleNamespace

folder, table = Path(sys.argv[1]), sys.argv[2]
sys.path[:0] = [str(folder), str(folder.parent / "protocol")]
found = importlib.util.spec_from_file_location("workload", folder / "groupby.py")
assert found
assert found.loader
workload = importlib.util.module_from_spec(found)
found.loader.exec_module(workload)

workload.start(1)
data = workload.load(SimpleNamespace(inputs={"table": table}, params={}))
total = 0.0
for step in workload.STEPS.values():
    for last in (False, True):
        start = time.perf_counter()
        result = step(data)
        seconds = time.perf_counter() - start
        total += seconds if last else 0
        del result
print(total)
