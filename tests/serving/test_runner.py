"""bot.serving.runner runs a graph as Rasa's own runner does."""

from __future__ import annotations

from typing import Any

import pytest

from bot.serving.lean_imports import import_rasa

import_rasa()

from rasa.engine.exceptions import GraphRunError  # noqa: E402
from rasa.engine.graph import ExecutionContext, GraphComponent, GraphSchema, SchemaNode  # noqa: E402
from rasa.engine.runner.dask import DaskGraphRunner  # noqa: E402

from bot.serving.runner import SequentialGraphRunner  # noqa: E402


class Add(GraphComponent):
    def __init__(self, amount: int) -> None:
        self._amount = amount

    @classmethod
    def create(cls, config: dict, model_storage: Any, resource: Any, execution_context: Any) -> Add:
        return cls(config["amount"])

    def one(self, number: int) -> int:
        return number + self._amount

    def both(self, first: int, second: int) -> int:
        return first * 100 + second + self._amount


def _schema() -> GraphSchema:
    def node(needs: dict[str, str], fn: str, amount: int, **more: Any) -> SchemaNode:
        return SchemaNode(needs=needs, uses=Add, constructor_name="create", fn=fn, config={"amount": amount}, eager=True, **more)

    return GraphSchema(
        {
            "end": node({"first": "left", "second": "right"}, "both", 1, is_target=True),
            "left": node({"number": "start"}, "one", 2),
            "right": node({"number": "left"}, "one", 3),
            "unused": node({"number": "nowhere"}, "one", 3),
        }
    )


@pytest.mark.parametrize("runner", [SequentialGraphRunner, DaskGraphRunner])
def test_both_runners_give_the_same(runner: Any) -> None:
    ready = runner.create(_schema(), None, ExecutionContext(_schema()))
    assert ready.run(inputs={"start": 1}, targets=["end"]) == {"end": 307}
    assert ready.run(inputs={"start": 2}, targets=["left", "end"]) == {"left": 4, "end": 408}


def test_a_missing_input_is_named() -> None:
    with pytest.raises(GraphRunError, match="nowhere"):
        SequentialGraphRunner.create(_schema(), None, ExecutionContext(_schema())).run(inputs={"start": 1}, targets=["unused"])
