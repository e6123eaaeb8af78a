"""csv-etl on threads of an ordinary interpreter, made as the one without the lock is; that one is refused."""

import sysconfig

from bench_protocol.failure import Failure
from flight_etl.etl import Etl
from flight_etl.sharing import threads

_etl = Etl(threads)
STEPS, load, units, check, write = _etl.steps, _etl.load, _etl.units, _etl.check, _etl.write


def start(threads: int) -> int:
    """Asks the build: one without the lock that runs with it is still another program."""
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        raise Failure("unsupported", "this interpreter was configured with --disable-gil; use one without that flag")
    return _etl.start(threads)
