"""Where a training's time goes: the seconds of each step of Rasa's training graph."""

from __future__ import annotations

import contextlib
import time
from typing import Any, Iterator


@contextlib.contextmanager
def timed_stages() -> Iterator[dict[str, float]]:
    """Yield a dict that fills with seconds by step while Rasa trains; Rasa is imported already.

    A step that was taken from the cache takes next to nothing; a step's own time holds Rasa's fingerprint of its output.
    """
    from rasa.engine.graph import GraphNode

    seconds: dict[str, float] = {}
    run = GraphNode.__call__

    def timed(node: Any, *inputs: Any, **more: Any) -> Any:
        begun = time.perf_counter()
        try:
            return run(node, *inputs, **more)
        finally:
            name = f"{node._node_name.removeprefix('train_').removeprefix('run_').rpartition('.')[2]}.{node._fn_name}"
            seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - begun

    GraphNode.__call__ = timed  # type: ignore[method-assign]
    try:
        yield seconds
    finally:
        GraphNode.__call__ = run  # type: ignore[method-assign]
