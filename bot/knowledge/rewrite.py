"""Pure: change values in the text of a YAML file and leave every other byte (comments, quotes, wrapping) as it was."""

from __future__ import annotations

import json
import re
from difflib import SequenceMatcher
from typing import Any

import yaml
from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from bot.errors import KnowledgeError

_FLOW_KEYS = ("applicants", "situations", "about", "aliases", "services", "agency", "boundary", "phrases")
Splice = tuple[int, int, str]


def rewrite(text: str, new: dict[str, Any], order: tuple[str, ...]) -> str:
    """Return `text`, a YAML mapping, changed so that it says `new`: strings, lists and mappings of such.

    order: the keys of the outermost mapping as they follow each other; a key that is added takes its place among them.
    Keys with an empty list or None are left out. Raises KnowledgeError if `text` is not in a form that can be changed.
    """
    new = pruned(new)
    root = yaml.compose(text, yaml.SafeLoader)
    old = yaml.safe_load(text)
    if not isinstance(root, MappingNode):
        raise KnowledgeError("a mapping of fields is expected")
    body = text if text.endswith("\n") else text + "\n"
    splices = _Rewriter(body, order).mapping(root, old, new)
    for start, end, replacement in sorted(splices, reverse=True):
        body = body[:start] + replacement + body[end:]
    try:
        says = yaml.safe_load(body)
    except yaml.YAMLError as error:
        raise KnowledgeError(f"the change cannot be written: {error}") from error
    if says != new:
        raise KnowledgeError("the change cannot be written without changing other fields; edit the file by hand")
    return body


def pruned(value: Any) -> Any:
    """Return `value` without keys that hold nothing."""
    if isinstance(value, dict):
        kept = {key: pruned(one) for key, one in value.items()}
        return {key: one for key, one in kept.items() if one not in (None, [], {})}
    if isinstance(value, list):
        return [pruned(one) for one in value]
    return value


class _Rewriter:
    def __init__(self, text: str, order: tuple[str, ...]):
        self._text, self._order = text, order

    def mapping(self, node: MappingNode, old: dict[str, Any], new: dict[str, Any]) -> list[Splice]:
        if node.flow_style and old.keys() != new.keys():
            return [(node.start_mark.index, node.end_mark.index, _flow(new))]
        splices: list[Splice] = []
        pairs = [(key.value, key, value) for key, value in node.value]
        for number, (key, key_node, value_node) in enumerate(pairs):
            if key in new:
                splices += self.value(value_node, old[key], new[key])
            elif number + 1 < len(pairs):
                splices.append((key_node.start_mark.index, pairs[number + 1][1].start_mark.index, ""))
            else:
                splices.append((self._line_end(pairs[number - 1][2]), self._line_end(value_node), ""))
        column = node.start_mark.column
        names = [key for key, _, _ in pairs]
        for key in new:
            if key not in old:
                before = [n for n, name in enumerate(names) if self._rank(name) < self._rank(key)]
                lines = _block_pair(key, new[key], " " * column)
                if before:
                    at = self._line_end(pairs[before[-1]][2])
                    splices.append((at, at, lines))
                else:  # the first key, perhaps behind the dash of a list
                    at = node.start_mark.index
                    splices.append((at, at, lines[column:] + " " * column))
        return splices

    def value(self, node: Node, old: Any, new: Any) -> list[Splice]:
        if old == new:
            return []
        if isinstance(node, MappingNode) and isinstance(new, dict):
            return self.mapping(node, old, new)
        if isinstance(node, SequenceNode) and isinstance(new, list):
            return self._flow_sequence(node, old, new) if node.flow_style else self._block_sequence(node, old, new)
        if isinstance(node, ScalarNode) and isinstance(new, str):
            flow = self._in_flow(node)
            return [(node.start_mark.index, node.end_mark.index, scalar(new, flow=flow))]
        return [(node.start_mark.index, _last(node), _flow(new))]  # text <-> {text, about}

    def _block_sequence(self, node: SequenceNode, old: list[Any], new: list[Any]) -> list[Splice]:
        splices: list[Splice] = []
        items = node.value
        indent = " " * node.start_mark.column
        for kind, a, b, c, d in _opcodes(old, new):
            for n in range(a, b):
                if n - a < d - c and kind == "replace":
                    splices += self.value(items[n], old[n], new[c + n - a])
                else:
                    splices.append((self._line_start(items[n]), self._line_end(items[n]), ""))
            added = new[c + (b - a) : d] if kind == "replace" else new[c:d] if kind == "insert" else []
            if added:
                at = self._line_end(items[b - 1]) if b else self._line_start(items[0])
                splices.append((at, at, "".join(_block_entry(one, indent) for one in added)))
        return splices

    def _flow_sequence(self, node: SequenceNode, old: list[Any], new: list[Any]) -> list[Splice]:
        if len(old) != len(new):
            return [(node.start_mark.index, node.end_mark.index, _flow(new))]
        return [splice for n, item in enumerate(node.value) for splice in self.value(item, old[n], new[n])]

    def _in_flow(self, node: Node) -> bool:
        """Tell whether a scalar stands between brackets; quoting more than needed would do no harm."""
        line = self._text[self._line_begin(node.start_mark.index) : node.start_mark.index]
        return bool(re.search(r"[\[{]", line)) or not re.match(r"\s*(- )*([a-z_]+: )?$", line)

    def _line_begin(self, index: int) -> int:
        return self._text.rfind("\n", 0, index) + 1

    def _line_start(self, item: Node) -> int:
        return self._line_begin(item.start_mark.index)

    def _line_end(self, node: Node) -> int:
        """Return where the line after the node's last own character begins."""
        return self._text.index("\n", _last(node)) + 1

    def _rank(self, key: str) -> int:
        for keys in (self._order, ("heading", "applicants", "situations", "texts"), ("text", "about")):
            if key in keys:
                return keys.index(key)
        return len(self._order)


def _opcodes(old: list[Any], new: list[Any]) -> list[tuple[str, int, int, int, int]]:
    before, after = ([json.dumps(one, sort_keys=True) for one in side] for side in (old, new))
    return [op for op in SequenceMatcher(None, before, after, autojunk=False).get_opcodes() if op[0] != "equal"]


def _last(node: Node) -> int:
    """Return the index behind the node's last character; a block's own mark would count what follows it."""
    if not isinstance(node, CollectionNode) or node.flow_style or not node.value:
        return node.end_mark.index
    final = node.value[-1]
    return _last(final[1] if isinstance(node, MappingNode) else final)


def scalar(text: str, *, flow: bool = False) -> str:
    """Return `text` as YAML on one line: plain where that says the same, else in quotes."""
    for spelt in (text, "'" + text.replace("'", "''") + "'"):
        try:
            if "\n" not in spelt and yaml.safe_load(f"[{spelt}, 'x']" if flow else f"k: {spelt} # x") == (
                [text, "x"] if flow else {"k": text}
            ):
                return spelt
        except yaml.YAMLError:
            continue
    return json.dumps(text, ensure_ascii=False)


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return scalar(value, flow=True)


def _block_pair(key: str, value: Any, indent: str) -> str:
    if isinstance(value, list) and key not in _FLOW_KEYS:
        return f"{indent}{key}:\n" + "".join(_block_entry(one, indent) for one in value)
    return f"{indent}{key}: {scalar(value) if isinstance(value, str) else _flow(value)}\n"


def _block_entry(value: Any, indent: str) -> str:
    """Return a list's entry as this project writes it: contacts in braces, branches one field a line."""
    if isinstance(value, str):
        return f"{indent}- {scalar(value)}\n"
    if "texts" not in value:
        return f"{indent}- {_flow(value)}\n"
    lines = "".join(_block_pair(key, one, indent + "  ") for key, one in value.items())
    return f"{indent}- {lines[len(indent) + 2 :]}"
