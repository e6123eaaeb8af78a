"""csv-etl on threads of this interpreter: with its lock, they take turns."""

from flight_etl.etl import Etl
from flight_etl.sharing import threads

_etl = Etl(threads)
STEPS, start, load, units, check, write = _etl.steps, _etl.start, _etl.load, _etl.units, _etl.check, _etl.write
