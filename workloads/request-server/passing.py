"""What the downstream answers to a body, written down a second time: the load generator has its own, in Rust."""

WORD = 2**64 - 1


def passed_on(body: bytes) -> float:
    """A fraction of 1 by all bytes: FNV-1a, the finaliser of SplitMix64, and of that the upper 53 bits.

    Without the finaliser the last byte would move it by less than the tolerance.
    """
    state = 0xCBF29CE484222325
    for byte in body:
        state = (state ^ byte) * 0x100000001B3 & WORD
    state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & WORD
    state = (state ^ state >> 27) * 0x94D049BB133111EB & WORD
    return float((state ^ state >> 31) >> 11) / 2**53
