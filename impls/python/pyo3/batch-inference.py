"""batch-inference by kernels in Rust, called from Python through PyO3 on NumPy's arrays."""

from typing import Any

import bench_kernels
from inference import ndarrays
from inference.case import Case
from inference.engine import Query, Rows
from inference.models import CALL
from inference.workload import Inference


class Kernel:
    """A function of rows and of the place for their answers."""

    def __init__(self, predict: Any, kind: str) -> None:
        self._predict = predict
        self.kind = kind

    def begin(self, rows: Rows, out: Any, batch: int) -> Query:
        """The kernel reads the rows where they lie, and writes its answers where they belong."""
        predict, x, room = self._predict, rows["input"], out[:, 0]

        def query(begin: int, end: int) -> None:
            predict(x[begin:end], room[begin:end])

        return query


def gbdt(case: Case) -> Kernel:
    """Float64, as the leaves are."""
    return Kernel(bench_kernels.Trees.load(str(case.file("arrays"))).predict, "d")


def mlp(case: Case) -> Kernel:
    """Float32 throughout."""
    return Kernel(bench_kernels.Mlp.load(str(case.file("arrays"))).predict, "f")


def call(case: Case) -> Kernel:
    """Takes the first column."""
    return Kernel(bench_kernels.first_column, "f")


_inference = Inference({"gbdt": gbdt, "mlp": mlp, CALL: call}, ndarrays, one_thread=True)
STEPS, start, load, units = _inference.steps, _inference.start, _inference.load, _inference.units
check, write, load_phases, queries = _inference.check, _inference.write, _inference.load_phases, _inference.queries
