"""Runs in the workload's environment: what each body must be answered, by the library that trained the trees.

Of the step that passes bodies on it is the downstream's answer: passing.py.
"""

import json
import sys
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import polars as pl
from flights_table import CATEGORIES, WEATHER
from flights_trees import FEATURES
from numpy.typing import NDArray
from passing import passed_on
from request import mapping, serve

FORWARD = "forward"


def oracle(request: dict[str, Any]) -> dict[str, Any]:
    """Writes `<step>.parquet` for each step: request, probability."""
    inputs, out = mapping(request, "inputs"), Path(request["out"])
    lines = Path(inputs["requests"]).read_bytes().splitlines()
    for step in request["steps"]:
        found = [passed_on(line) for line in lines] if step == FORWARD else predicted(lines, inputs)
        answer = pl.DataFrame({"request": np.arange(len(lines)), "probability": np.asarray(found, np.float64)})
        answer.write_parquet(out / f"{step}.parquet")
    return {"steps": request["steps"]}


def predicted(lines: list[bytes], inputs: dict[str, str]) -> Any:
    """By LightGBM's own predict."""
    rows = features([json.loads(line) for line in lines], inputs)
    return lightgbm.Booster(model_file=inputs["lightgbm"]).predict(rows)


def features(bodies: list[dict[str, Any]], inputs: dict[str, str]) -> NDArray[np.float64]:
    """[bodies, features], rounded to float32 as every server does it."""
    codes = json.loads(Path(inputs["categories"]).read_text(encoding="utf-8"))
    store = {row["id"]: row for row in pl.read_csv(inputs["entities"], schema_overrides={"id": pl.String}).iter_rows(named=True)}
    rows = []
    for body in bodies:
        weather = store[body["entity"]] if "entity" in body else body
        given = {**body, **{name: weather.get(name) for name in WEATHER}, **{name: codes[name].index(body[name]) for name in CATEGORIES}}
        rows.append([np.nan if given[name] is None else given[name] for name in FEATURES])
    return np.array(rows, np.float64).astype(np.float32).astype(np.float64)


if __name__ == "__main__":
    sys.exit(serve("truth", oracle))
