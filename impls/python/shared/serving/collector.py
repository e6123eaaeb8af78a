"""The settings of CPython's collector that a case may ask for, applied once everything long-lived has been made."""

import gc

from bench_protocol.failure import Failure

SETTINGS = ("default", "frozen", "off")


def check(setting: object) -> str:
    """The setting, or a Failure: before anything is loaded."""
    if setting not in SETTINGS:
        raise Failure("unsupported", f"the collector setting {setting!r}; python has {', '.join(SETTINGS)}")
    return str(setting)


def apply(setting: str) -> None:
    """`frozen`: what is there now is never looked at again. `off`: nor is anything made later, and cycles stay until the end."""
    if setting != "default":
        gc.collect()
        gc.freeze()
    if setting == "off":
        gc.disable()
