"""Thresholds as float32, such that a float32 goes the way that it went before."""

import numpy as np

LARGEST = float(np.finfo(np.float32).max)
"""As a threshold, one that every number is at most."""


def rounded_down(threshold: float) -> np.float32:
    """The largest float32 that is at most the threshold: then so is just what was. Below all numbers it is minus infinity."""
    if threshold < -LARGEST:
        return np.float32(-np.inf)
    near = np.float32(min(threshold, LARGEST))
    return near if float(near) <= threshold else np.nextafter(near, np.float32(-np.inf))
