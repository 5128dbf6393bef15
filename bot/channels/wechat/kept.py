"""What is kept of a resident in memory for a while: the rest of a long answer, the place of a scanned code."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, Optional, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """At most `capacity` values by resident, each for `seconds` after it was put; the oldest go first."""

    def __init__(self, *, seconds: float, capacity: int = 50_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._values: OrderedDict[str, tuple[float, T]] = OrderedDict()
        self._seconds, self._capacity, self._clock = seconds, capacity, clock

    def put(self, resident: str, value: T) -> None:
        self._values.pop(resident, None)
        self._values[resident] = (self._clock(), value)
        if len(self._values) > self._capacity:
            self._values.popitem(last=False)

    def get(self, resident: str) -> Optional[T]:
        """Return what is kept of `resident`, None if nothing is or its time is over."""
        put, value = self._values.get(resident, (0.0, None))
        if value is not None and self._clock() - put > self._seconds:
            del self._values[resident]
            return None
        return value

    def drop(self, resident: str) -> None:
        self._values.pop(resident, None)
