"""Thresholds as float32, such that a float32 goes the way that it went before."""

import numpy as np

LARGEST = np.finfo(np.float32).max
"""As a threshold, one that every number is at most."""


def rounded_down(threshold: float) -> np.float32:
    """The largest float32 that is at most the threshold: then so is just what was; the lowest for those below all."""
    near = np.float32(np.clip(threshold, -LARGEST, LARGEST))
    return near if float(near) <= threshold else np.nextafter(near, np.float32(-np.inf))
