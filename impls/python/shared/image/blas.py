"""Step of the image's build: is the BLAS that PyTorch found one worth measuring? Promise: the build fails where it is the reference one.

Against PyTorch's own product of integers, plain loops that the compiler made the best of: no absolute rate holds on every machine.
"""

import os
import sys
from time import perf_counter

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when it is loaded; PyTorch's own setting does not reach its threads

import torch

SIDE = 512
LEAST = 2
"""Times as fast. Where the loops make 18 GFLOP/s, OpenBLAS makes 177 on one thread, the reference BLAS 6."""


def seconds(dtype: torch.dtype) -> float:
    """The best of a few products."""
    matrix = torch.ones((SIDE, SIDE), dtype=dtype)
    found = []
    for _ in range(20):
        begin = perf_counter()
        torch.mm(matrix, matrix)
        found.append(perf_counter() - begin)
    return min(found)


def main() -> int:
    """Says what it found."""
    torch.set_num_threads(1)
    floats, integers = seconds(torch.float32), seconds(torch.int32)
    print(f"blas: {2 * SIDE**3 / floats / 1e9:.1f} GFLOP/s, {integers / floats:.0f} times plain loops; at least {LEAST} times are wanted")
    return 0 if integers / floats >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
