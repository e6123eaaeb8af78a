"""csv-etl on threads of an interpreter without the lock; any other is refused."""

import sys

from bench_protocol.failure import Failure
from flight_etl.etl import Etl
from flight_etl.sharing import threads

_etl = Etl(threads)
STEPS, load, units, check, write = _etl.steps, _etl.load, _etl.units, _etl.check, _etl.write


def start(threads: int) -> int:
    """Asks the running interpreter and not its build: PYTHON_GIL or an extension may have put the lock back."""
    enabled = getattr(sys, "_is_gil_enabled", None)
    if enabled is None or enabled():
        raise Failure("unsupported", "this interpreter runs with its lock; use one configured with --disable-gil, e.g. by --engine docker")
    return _etl.start(threads)
