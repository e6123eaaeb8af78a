"""Step `load` of a server: reads categories, version and entities. Promise: a broken file is a Failure that names it and the line."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from bench_protocol.failure import Failure
from bench_protocol.wire import Request

from serving.store import Record, Store

CATEGORIES = ("carrier", "origin", "dest")
HEADER = ["id", "temp", "wind_speed", "visib"]

Codes = dict[str, float]
"""A name to its code, as the model takes it."""


def path_of(request: Request, name: str) -> Path:
    """The input of this name."""
    if name not in request.inputs:
        raise Failure("input", f"the request has no input {name}; a server needs it")
    return Path(request.inputs[name])


def downstream(request: Request) -> int | None:
    """The port of the service behind this one, where the case has one."""
    port = request.params.get("downstream_port")
    if port is None:
        return None
    if type(port) is not int or not 0 < port < 1 << 16:
        raise Failure("input", f"the parameter downstream_port is {port!r}; it must be a port")
    return port


def categories(path: Path) -> dict[str, Codes]:
    """Codes of each category's names."""
    try:
        lists = json.loads(path.read_text(encoding="utf-8"))
        names = {category: lists[category] for category in CATEGORIES}
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise Failure("input", f"{path}: no lists of {', '.join(CATEGORIES)}: {error}") from error
    for category, known in names.items():
        if not isinstance(known, list) or not known or not all(isinstance(name, str) for name in known) or len({*known}) < len(known):
            raise Failure("input", f"{path}: {category} must be a list of different names")
    return {category: {name: float(code) for code, name in enumerate(known)} for category, known in names.items()}


def version(path: Path) -> str:
    """The model's version."""
    try:
        text = path.read_text(encoding="utf-8").removesuffix("\n")
    except ValueError as error:
        raise Failure("input", f"{path}: {error}") from error
    if not text or not text.isprintable():
        raise Failure("input", f"{path}: the version must be one line of text")
    return text


def store(path: Path, entities: int) -> Store:
    """All records; as many as the case says."""
    found: Store = {}
    for number, row in _rows(path):
        try:
            name, *weather = row
            temp, wind_speed, visib = (float(cell or "nan") for cell in weather)
        except ValueError as error:
            _refuse(path, number, f"no record: {error}")
        if not name or name in found:
            _refuse(path, number, f"the id {name!r} is empty, or there twice")
        found[name] = Record(temp, wind_speed, visib)
    if len(found) != entities:
        raise Failure("input", f"{path}: {len(found)} records; the case has {entities}")
    return found


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each line's number and cells, after the header."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        try:
            if next(rows, None) != HEADER:
                _refuse(path, 1, f"the header must be {','.join(HEADER)}")
            for row in rows:
                yield rows.line_num, row
        except (csv.Error, UnicodeDecodeError) as error:
            _refuse(path, rows.line_num + 1, str(error))


def _refuse(path: Path, line: int, why: str) -> NoReturn:
    raise Failure("input", f"{path}: line {line}: {why}")
