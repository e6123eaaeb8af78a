"""batch-inference by LightGBM: its own model file, its own predict."""

from typing import Any

import lightgbm
import text
from inference import ndarrays
from inference.case import Case
from inference.engine import Query, Rows
from inference.workload import Inference


class Gbdt:
    """The booster."""

    kind = "d"

    def __init__(self, case: Case) -> None:
        path = case.file("lightgbm")
        text.check(path)
        self._booster = lightgbm.Booster(model_file=path, params={"verbosity": -1})
        self._threads = case.threads

    def begin(self, rows: Rows, out: Any, batch: int) -> Query:
        """The answer of one query is an array of its own; LightGBM takes none to write to."""
        predict, threads, x, room = self._booster.predict, self._threads, rows["input"], out[:, 0]

        def query(begin: int, end: int) -> None:
            room[begin:end] = predict(x[begin:end], num_threads=threads)

        return query


_inference = Inference({"gbdt": Gbdt}, ndarrays)
STEPS, start, load, units = _inference.steps, _inference.start, _inference.load, _inference.units
check, write, load_phases, queries = _inference.check, _inference.write, _inference.load_phases, _inference.queries
