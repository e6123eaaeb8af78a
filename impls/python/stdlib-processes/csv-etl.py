"""csv-etl on processes of this interpreter: each has a lock of its own."""

from flight_etl.etl import Etl
from flight_etl.sharing import processes

_etl = Etl(processes)
STEPS, start, load, units, check, write = _etl.steps, _etl.start, _etl.load, _etl.units, _etl.check, _etl.write
