"""Metrics for Prometheus. Labels take few values and never a resident's words."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Callable

from prometheus_client import Counter, Gauge, Histogram

KINDS = ("answer", "clarify", "fallback", "chitchat", "handoff", "failure")
SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)

TURNS = Counter("bot_turns_total", "Turns by channel and kind of reply; failure: the one sentence for a fault", ["channel", "kind"])
TURN_SECONDS = Histogram("bot_turn_seconds", "Seconds from a message to its reply", ["channel"], buckets=SECONDS)
TURNS_RUNNING = Gauge("bot_turns_running", "Turns that are being answered")
REQUESTS = Counter("bot_http_requests_total", "HTTP requests by method, route and status", ["method", "route", "status"])
ERRORS = Counter("bot_errors_total", "Log records of level error and above, by logger", ["logger"])
QUEUE = Gauge("bot_queue_length", "What waits in a queue", ["queue"])


def watch_queue(name: str, length: Callable[[], float]) -> None:
    """Show `length()` as the gauge of the queue `name` whenever the metrics are read."""
    QUEUE.labels(name).set_function(length)


def count_turn(channel: str, kind: str, seconds: float) -> None:
    turns, durations = _of(channel, kind if kind in KINDS else "failure")
    turns.inc()
    durations.observe(seconds)


@lru_cache(maxsize=256)
def _of(channel: str, kind: str) -> tuple[Counter, Histogram]:
    return TURNS.labels(channel, kind), TURN_SECONDS.labels(channel)


class ErrorCounter(logging.Handler):
    """Counts what is logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)

    def emit(self, record: logging.LogRecord) -> None:
        ERRORS.labels(record.name).inc()
