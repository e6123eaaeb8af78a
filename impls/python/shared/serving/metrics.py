"""What /metrics has in common: names, buckets, and the collectors of the client library for the interpreter and the process."""

from prometheus_client import CollectorRegistry
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

REQUESTS = "http_requests", "Answers by status and route."
DURATION = "http_request_duration_seconds", "From the end of a request's header to the end of its answer."
UPDATES = "feature_store_updates", "Records brought up to date by predictions."
BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
OTHER = "other"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def registry() -> CollectorRegistry:
    """One a server: the library's global one would be shared by all that a test starts."""
    made = CollectorRegistry()
    GCCollector(made)
    PlatformCollector(made)
    ProcessCollector(registry=made)
    return made
