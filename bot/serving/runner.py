"""Runs a model's graph node by node in this thread; Rasa's own runner plans anew for every message."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional

from rasa.engine.exceptions import GraphRunError
from rasa.engine.graph import ExecutionContext, GraphNode, GraphNodeHook, GraphSchema
from rasa.engine.runner.interface import GraphRunner
from rasa.engine.storage.storage import ModelStorage


class SequentialGraphRunner(GraphRunner):
    """A graph runner whose order of nodes is worked out once for each set of targets."""

    def __init__(self, schema: GraphSchema, nodes: Dict[str, GraphNode]) -> None:
        self._schema = schema
        self._nodes = nodes
        self._plans: Dict[tuple[str, ...], List[tuple[str, GraphNode, tuple[str, ...]]]] = {}

    @classmethod
    def create(
        cls,
        graph_schema: GraphSchema,
        model_storage: ModelStorage,
        execution_context: ExecutionContext,
        hooks: Optional[List[GraphNodeHook]] = None,
    ) -> SequentialGraphRunner:
        return cls(
            graph_schema,
            {
                name: GraphNode.from_schema_node(name, node, model_storage, execution_context, hooks)
                for name, node in graph_schema.nodes.items()
            },
        )

    def run(self, inputs: Optional[Dict[str, Any]] = None, targets: Optional[List[str]] = None) -> Dict[str, Any]:
        """Return what each target gives. Raises GraphRunError if an input that a node needs is missing."""
        results = {name: (name, value) for name, value in (inputs or {}).items()}
        names = tuple(targets or self._schema.target_names)
        if names not in self._plans:
            self._plans[names] = self._plan(names)
        for name, node, needs in self._plans[names]:
            try:
                results[name] = node(*(results[need] for need in needs))
            except KeyError as error:
                if error.args and error.args[0] in needs:
                    raise GraphRunError(f"node {name} needs {error}, which nothing gives") from error
                raise
        return {name: results[name][1] for name in names}

    def instrument(self, wrap: Callable[[str, GraphNode], Any]) -> None:
        """Put what `wrap(name, node)` returns in the place of each node: something that is called as the node is."""
        self._nodes = {name: wrap(name, node) for name, node in self._nodes.items()}
        self._plans.clear()

    def _plan(self, targets: tuple[str, ...]) -> List[tuple[str, GraphNode, tuple[str, ...]]]:
        """Return the nodes that `targets` need, each after those that it needs itself."""
        plan: Dict[str, tuple[str, GraphNode, tuple[str, ...]]] = {}

        def add(name: str) -> None:
            if name in plan or name not in self._schema.nodes:
                return
            needs = tuple(self._schema.nodes[name].needs.values())
            for need in needs:
                add(need)
            plan[name] = (name, self._nodes[name], needs)

        for target in targets:
            add(target)
        return list(plan.values())
