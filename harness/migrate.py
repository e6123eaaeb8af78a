"""What older versions wrote -> what this one reads. A record keeps the number of the schema that it was written by."""

from __future__ import annotations

from typing import Any


def session(found: dict[str, Any]) -> dict[str, Any]:
    """session.json of any version; what has the wrong shape is left for the reader to complain of."""
    return _from_1(found) if found["schema"] == 1 else found


def _from_1(found: dict[str, Any]) -> dict[str, Any]:
    """One number of threads became several, and the last clean build all of them."""
    made = dict(found)
    if isinstance(made.get("threads"), int):
        made["threads"] = [made["threads"]]
    if isinstance(made.get("builds"), list):
        made["builds"] = [_build_from_1(build) for build in made["builds"]]
    return made


def _build_from_1(build: Any) -> Any:
    if not isinstance(build, dict):
        return build
    once = build.get("clean_seconds")
    return {**build, "clean_seconds": [] if once is None else [once]}
