"""Metrics for operators, without content: numbers, languages, error codes."""

from importlib.metadata import PackageNotFoundError, version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from voice.timings import TurnTimings
from voice.turns import Floor

__all__ = ["Telemetry", "release"]

BUCKETS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0)
"""Seconds; dense where people begin to notice."""


def release() -> str:
    """The version of Parley that runs."""
    try:
        return version("parley-voice")
    except PackageNotFoundError:
        return "unknown"


class Telemetry:
    """Counts what happens. One for each server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._sessions = self._gauge("sessions_active", "Sessions that are open")
        self._ready = self._gauge("ready", "1 if every stage is loaded and warm")
        self._waiting = self._gauge(
            "stage_queue_depth", "Calls that wait for a worker", "stage"
        )
        self._turns = self._counter(
            "turns", "Replies that ended, by language and how", "language", "status"
        )
        self._floors = self._counter("floor_changes", "Changes of the floor", "floor")
        self._failures = self._counter("errors", "Errors, by code", "code")
        self._refused = self._counter(
            "admission_rejected", "Connections that were refused", "reason"
        )
        self._latency = Histogram(
            "parley_turn_latency_seconds",
            "Where the time of a turn went; see docs/measuring.md",
            ["measure"],
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._gauge("build_info", "The running version", "version").labels(
            release()
        ).set(1)

    def session_opened(self) -> None:
        """A client has come."""
        self._sessions.inc()

    def session_closed(self) -> None:
        """A client has gone."""
        self._sessions.dec()

    def floor_changed(self, floor: Floor) -> None:
        """The floor of some session changed."""
        self._floors.labels(floor.value).inc()

    def turn_ended(self, language: str, status: str, timings: TurnTimings) -> None:
        """A reply ended."""
        self._turns.labels(language, status).inc()
        for measure in (
            "finalization_ms",
            "first_audio_ms",
            "recognition_ms",
            "response_ms",
            "synthesis_ms",
        ):
            value = getattr(timings, measure)
            if value is not None:
                self._latency.labels(measure.removesuffix("_ms")).observe(value / 1000)

    def failed(self, code: str) -> None:
        """An error was reported to a client."""
        self._failures.labels(code).inc()

    def refused(self, reason: str) -> None:
        """A connection was refused."""
        self._refused.labels(reason).inc()

    def page(self, *, ready: bool, waiting: dict[str, int]) -> bytes:
        """All metrics in the text format of Prometheus."""
        self._ready.set(ready)
        for stage, count in waiting.items():
            self._waiting.labels(stage).set(count)
        return generate_latest(self._registry)

    def _gauge(self, name: str, help_: str, *labels: str) -> Gauge:
        return Gauge(f"parley_{name}", help_, labels, registry=self._registry)

    def _counter(self, name: str, help_: str, *labels: str) -> Counter:
        return Counter(f"parley_{name}", help_, labels, registry=self._registry)
