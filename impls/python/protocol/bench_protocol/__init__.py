"""The Python side of the protocol: `python -m bench_protocol <variant folder>` runs one job of that variant.

Promise: standard library only, nothing of its own inside a timed section, and no variant needs more than contract.py.
"""
