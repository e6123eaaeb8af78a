"""MLPerf's early stopping: the query counts of its rules and of LoadGen's own tests, and the bound by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats.early_stopping import allowed, early_stopping

# Least number of queries for t over-long ones, as computed for the rules (and, for 459 and 662, as LoadGen has them).
NEEDED = {
    0.99: {0: 459, 1: 662, 2: 838, 5: 1307, 10: 2010, 20: 3304, 50: 6898, 100: 12571},
    0.9: {0: 44, 1: 64, 10: 197, 100: 1246},
    0.999: {0: 4603, 10: 20140},
}


@pytest.mark.parametrize(("q", "t", "n"), [(q, t, n) for q, counts in NEEDED.items() for t, n in counts.items()])
def test_the_published_counts(q, t, n):
    assert allowed(n, q) == t
    assert allowed(n - 1, q) == t - 1


def test_the_bound_drops_all_but_one_of_the_worst_that_are_allowed():
    durations = list(range(1, 198))
    assert early_stopping(durations, 0.9) == 188  # 10 allowed: the worst nine are dropped


@pytest.mark.parametrize("count", [0, 1, 44, 63])
def test_too_few_queries_bear_no_bound(count):
    assert early_stopping([5] * count, 0.9) is None


@given(st.lists(st.integers(1, 10**9), min_size=64, max_size=300))
def test_the_bound_never_lies_below_the_quantile_of_the_sample(durations):
    bound = early_stopping(durations, 0.9)
    assert sum(d <= bound for d in durations) >= 0.9 * len(durations)


@pytest.mark.parametrize("q", [0, 1, -0.1, 1.5])
def test_no_quantile(q):
    with pytest.raises(ValueError, match="no quantile"):
        allowed(100, q)
