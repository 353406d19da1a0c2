"""What a web process counts of its own requests, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

_OTHER = "other"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Measures:
    """Counters of one process; labels are routes' patterns, never what stands in their place."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "netraven_http_requests",
            "Requests answered, by method, route and status.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "netraven_http_request_seconds",
            "Seconds until a request was answered whole, streams included.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._refusals = Counter(
            "netraven_logins_refused",
            "Logins refused: a wrong name, password or code, or too many attempts.",
            registry=self.registry,
        )

    def count_request(self, method: str, route: str | None, *, status: int, took_s: float) -> None:
        """Count a request; of one that no route answers neither method nor address is kept."""
        if route is None:
            method = route = _OTHER
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(took_s)

    def count_refused_login(self) -> None:
        """Count a login that was refused."""
        self._refusals.inc()
