"""batch-inference by scikit-learn: the network as it was trained and pickled."""

import warnings
from typing import Any

import joblib
import sklearn
from bench_protocol.failure import Failure
from inference import ndarrays
from inference.case import Case
from inference.engine import Query, Rows
from inference.workload import Inference
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.neural_network import MLPClassifier

# The rows were checked when they were read. Both are what scikit-learn's user guide has for predictions of few rows.
sklearn.set_config(assume_finite=True, skip_parameter_validation=True)


class Mlp:
    """The estimator of the pickle. A pickle is a program: only one that the workload itself has made is opened."""

    kind = "f"

    def __init__(self, case: Case) -> None:
        path = case.file("sklearn")
        with warnings.catch_warnings():
            warnings.simplefilter("error", InconsistentVersionWarning)
            try:
                self._estimator = joblib.load(path)
            except InconsistentVersionWarning as error:
                raise Failure("input", f"{path}: of another version of scikit-learn: {error}") from error
        if not isinstance(self._estimator, MLPClassifier):
            raise Failure("input", f"{path}: a {type(self._estimator).__name__}, not an MLPClassifier")

    def begin(self, rows: Rows, out: Any, batch: int) -> Query:
        """Of two classes, the last one's probability."""
        predict, x = self._estimator.predict_proba, rows["input"]

        def query(begin: int, end: int) -> None:
            out[begin:end] = predict(x[begin:end])[:, 1:]

        return query


_inference = Inference({"mlp": Mlp}, ndarrays)
STEPS, start, load, units = _inference.steps, _inference.start, _inference.load, _inference.units
check, write, load_phases, queries = _inference.check, _inference.write, _inference.load_phases, _inference.queries
