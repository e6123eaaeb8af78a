"""What /metrics tells, counted in plain numbers and handed to the client library when it is asked.

The library's own counters take a lock at every step, for threads that this server does not have.
"""

from bisect import bisect_left
from collections.abc import Iterator

from prometheus_client import generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from serving import metrics


class Tally(Collector):
    """Counts of one server."""

    def __init__(self) -> None:
        self.updates = 0
        self._answers: dict[tuple[int, str], int] = {}
        self._buckets = [0] * (len(metrics.BUCKETS) + 1)
        self._seconds = 0.0
        self._registry = metrics.registry()
        self._registry.register(self)

    def note(self, status: int, path: str, seconds: float) -> None:
        """One answer."""
        answers, key = self._answers, (status, path)
        answers[key] = answers.get(key, 0) + 1
        self._buckets[bisect_left(metrics.BUCKETS, seconds)] += 1
        self._seconds += seconds

    def collect(self) -> Iterator[Metric]:
        """In the client library's own types."""
        requests = CounterMetricFamily(*metrics.REQUESTS, labels=("code", "path"))
        for (status, path), count in self._answers.items():
            requests.add_metric((str(status), path), count)
        yield requests
        yield HistogramMetricFamily(*metrics.DURATION, buckets=self._cumulative(), sum_value=self._seconds)
        yield CounterMetricFamily(*metrics.UPDATES, value=self.updates)

    def text(self) -> bytes:
        """Prometheus' text format."""
        return generate_latest(self._registry)

    def _cumulative(self) -> list[tuple[str, float]]:
        total, found = 0, []
        for bound, count in zip((*map(str, metrics.BUCKETS), "+Inf"), self._buckets, strict=True):
            total += count
            found.append((bound, float(total)))
        return found
