"""Draw a flow chart as SVG, and tell it in words.

The layout is grandalf's (Sugiyama: layers from top to bottom); boxes, wrapping and lines are drawn here. The SVG
stands by itself: no script, no style sheet, no reference to anything outside. Its title and description say the
same as the picture.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from xml.sax.saxutils import escape

from grandalf.graphs import Edge, Vertex, graph_core
from grandalf.layouts import SugiyamaLayout

from bot.knowledge.schema import Flow, FlowEdge, FlowNode

_FONT = 16
_LINE = 22
_MAX_CHARACTERS = 14  # of a line in a box
_PADDING = 14
_SLANT = 18  # of a decision's pointed sides
_GAP = 64  # between layers: room for a bend, a label and the arrow head
_LANE = 12  # between bends that must not run into each other
_BESIDE = 36  # between boxes of a layer, and for lines that lead back
_MARGIN = 20
_FONTS = "Noto Sans SC, Source Han Sans SC, PingFang SC, Microsoft YaHei, sans-serif"
_INK, _LINE_COLOUR = "#1a1a1a", "#444444"
_COLOURS = {"step": ("#f2f6fb", "#2b5a8a"), "decision": ("#fff6e0", "#8a5a00"), "end": ("#eaf6ec", "#2f6f3e")}

_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_PIECES = re.compile(r"[A-Za-z0-9]+|.")
_NEVER_FIRST = set("，、。；：？！）》〉”』」…")
_NEVER_LAST = set("（《〈“『「")


# -- in words ---------------------------------------------------------------------------------------------------


def describe(flow: Flow) -> str:
    """The chart as numbered steps, one per line; where it does not simply go on with the next one, it says so."""
    ordered = _reading_order(flow)
    numbers = {node.id: i for i, node in enumerate(ordered, 1)}
    lines = []
    for node in ordered:
        edges = [edge for edge in flow.edges if edge.start == node.id]
        lines.append(f"{numbers[node.id]}. {node.text.rstrip('。；')}{_onward(node, edges, numbers)}")
    return "\n".join(lines)


def _onward(node: FlowNode, edges: list[FlowEdge], numbers: dict[str, int]) -> str:
    if any(edge.label for edge in edges):
        answers: dict[str, list[str]] = {}
        for edge in edges:
            answers.setdefault(f"{edge.label}：" if edge.label else "", []).append(f"第{numbers[edge.end]}步")
        return " —— " + "；".join(f"{label}转{'、'.join(steps)}" for label, steps in answers.items())
    targets = list(dict.fromkeys(numbers[edge.end] for edge in edges))
    if targets == [numbers[node.id] + 1]:
        return ""
    if targets:
        return f"（接第{'、'.join(map(str, targets))}步）"
    if node.kind == "end":
        return "（结束）"
    return "" if numbers[node.id] == len(numbers) else "（本支结束）"


def _reading_order(flow: Flow) -> list[FlowNode]:
    """Every step after those that lead to it, each branch as a whole; lines that lead back do not count."""
    nodes = {node.id: node for node in flow.nodes}
    ordered: list[FlowNode] = []
    seen: set[str] = set()

    def visit(node_id: str) -> None:
        if node_id not in seen:
            seen.add(node_id)
            for edge in reversed(flow.edges):
                if edge.start == node_id:
                    visit(edge.end)
            ordered.append(nodes[node_id])

    led_to = {edge.end for edge in flow.edges}
    starts = [node_id for node_id in nodes if node_id not in led_to]
    for node_id in nodes:  # a circle has no first step: it begins with the one that is written first
        if node_id not in _reached(flow, starts):
            starts.append(node_id)
    for node_id in reversed(starts):
        visit(node_id)
    return ordered[::-1]


def _reached(flow: Flow, starts: Iterable[str]) -> set[str]:
    reached: set[str] = set()
    waiting = list(starts)
    while waiting:
        node_id = waiting.pop()
        if node_id not in reached:
            reached.add(node_id)
            waiting.extend(edge.end for edge in flow.edges if edge.start == node_id)
    return reached


# -- as a picture -----------------------------------------------------------------------------------------------


@dataclass
class _Box:
    """A node with its wrapped text, size and place (x, y: the middle)."""

    node: FlowNode
    lines: list[str]
    w: float
    h: float
    xy: tuple[float, float] = (0.0, 0.0)

    @property
    def top(self) -> float:
        return self.xy[1] - self.h / 2

    @property
    def bottom(self) -> float:
        return self.xy[1] + self.h / 2


@dataclass
class _Line:
    """An edge as a line through points, with its label and the label's place."""

    label: str | None
    points: list[tuple[float, float]] = field(default_factory=list)
    label_at: tuple[float, float] = (0.0, 0.0)
    label_anchor: str = "start"


def svg(flow: Flow, title: str) -> str:
    """The chart as an SVG element; the same input gives the same text."""
    boxes = {node.id: _box(node) for node in flow.nodes}
    numbers = {node.id: i for i, node in enumerate(_reading_order(flow))}
    forward = [edge for edge in flow.edges if numbers[edge.start] < numbers[edge.end]]
    back = [edge for edge in flow.edges if numbers[edge.start] >= numbers[edge.end]]
    lines = _lay_out(boxes, forward)
    lines += _lines_back(boxes, back)

    points = [point for line in lines for point in line.points]
    right = max([b.xy[0] + b.w / 2 for b in boxes.values()] + [x for x, _ in points], default=0.0)
    # Most labels stand to the right of their line.
    right = max([right] + [line.label_at[0] + _width(line.label) * _FONT for line in lines])
    left = min([b.xy[0] - b.w / 2 for b in boxes.values()] + [x for x, _ in points], default=0.0)
    bottom = max((b.bottom for b in boxes.values()), default=0.0)
    top = min((b.top for b in boxes.values()), default=0.0)
    x, y = left - _MARGIN, top - _MARGIN
    width, height = right - left + 2 * _MARGIN, bottom - top + 2 * _MARGIN

    description = describe(flow)
    name = f"flow-{zlib.crc32((title + description).encode()):08x}"
    size = f'width="{_n(width)}" height="{_n(height)}" viewBox="{_n(x)} {_n(y)} {_n(width)} {_n(height)}"'
    access = f'role="img" aria-labelledby="{name}-title {name}-desc" lang="zh-CN"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {access} {size} font-family="{_FONTS}" font-size="{_FONT}">',
        f'<title id="{name}-title">{_text(title)}</title>',
        f'<desc id="{name}-desc">{_text(description)}</desc>',
        f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" fill="#ffffff"/>',
        *(_draw_line(line) for line in lines),
        *(_draw_label(line) for line in lines if line.label),
        *(_draw_box(box) for box in boxes.values()),
        "</svg>",
    ]
    return "\n".join(parts)


def _box(node: FlowNode) -> _Box:
    lines = _wrap(node.text)
    width = max(_width(line) for line in lines) * _FONT + 2 * _PADDING
    height = len(lines) * _LINE + 2 * _PADDING
    # A pointed or round side takes room from the text.
    width += 2 * _SLANT if node.kind == "decision" else _PADDING if node.kind == "end" else 0
    return _Box(node, lines, max(width, 5 * _FONT), height)


def _lay_out(boxes: dict[str, _Box], edges: list[FlowEdge]) -> list[_Line]:
    """Place the boxes and return the lines of the edges; the parts of a chart that are not joined stand side by side."""
    vertices = {node_id: Vertex(node_id) for node_id in boxes}
    for node_id, vertex in vertices.items():
        vertex.view = boxes[node_id]
    # Two edges between the same boxes share a line, which carries both labels.
    labels: dict[tuple[str, str], list[str]] = {}
    for edge in edges:
        labels.setdefault((edge.start, edge.end), []).extend([edge.label] if edge.label else [])
    joined = [Edge(vertices[start], vertices[end]) for start, end in labels]

    lines: list[_Line] = []
    left = 0.0
    # grandalf's own way to take a graph apart goes through sets, whose order is another in every run.
    for part in _parts(list(boxes), list(labels)):
        here = [vertices[node_id] for node_id in part]
        component = graph_core(here, [edge for edge in joined if edge.v[0] in here])
        layout = SugiyamaLayout(component)
        layout.xspace, layout.yspace = _BESIDE, _GAP
        layout.init_all(roots=[v for v in here if not v.e_in()], inverted_edges=[], optimize=True)
        _sort_layers(layout, part)
        layout.draw(6)
        views = [vertex.view for layer in layout.layers for vertex in layer]
        shift = left - min(view.xy[0] - view.w / 2 for view in views)
        for view in views:
            view.xy = (view.xy[0] + shift, view.xy[1])
        left = max(view.xy[0] + view.w / 2 for view in views) + _BESIDE
        for edge, line in _routes(layout).items():
            line.label = "、".join(labels[edge.v[0].data, edge.v[1].data]) or None
            lines.append(line)
    return lines


def _parts(node_ids: list[str], pairs: list[tuple[str, str]]) -> list[list[str]]:
    """The nodes of each part of the chart that is joined by edges, in their order."""
    parts: list[list[str]] = []
    for node_id in node_ids:
        if not any(node_id in part for part in parts):
            part, size = {node_id}, 0
            while size < len(part):
                size = len(part)
                part.update(end for pair in pairs if part & set(pair) for end in pair)
            parts.append([other for other in node_ids if other in part])
    return parts


def _sort_layers(layout: SugiyamaLayout, order: list[str]) -> None:
    """Begin with the order in which the chart is written; grandalf departs from it to avoid crossings."""

    def place(vertex: Vertex) -> int:
        # The bend of a long line goes where the line ends.
        return order.index((vertex.ctrl[max(vertex.ctrl)] if layout.grx[vertex].dummy else vertex).data)

    for layer in layout.layers:
        layer.sort(key=place)
    for layer in layout.layers:
        layer.setup(layout)


def _routes(layout: SugiyamaLayout) -> dict[Edge, _Line]:
    """Lines made of upright and level pieces. Each bends between two layers, in a lane of its own where it must."""
    tops = [min(v.view.xy[1] - v.view.h / 2 for v in layer) for layer in layout.layers]
    bottoms = [max(v.view.xy[1] + v.view.h / 2 for v in layer) for layer in layout.layers]
    chains: dict[Edge, list[tuple[int, Vertex]]] = {}
    for edge in layout.g.sE:
        ends = {layout.grx[vertex].rank: vertex for vertex in edge.v}
        between = {r: v for r, v in layout.ctrls.get(edge, {}).items() if r not in ends}
        chains[edge] = sorted({**ends, **between}.items(), key=lambda pair: pair[0])

    pieces = [(r, a, b) for chain in chains.values() for (r, a), (_, b) in pairwise(chain)]
    lanes = _lanes(pieces)
    lines = {}
    for edge, chain in chains.items():
        line = _Line(None)
        for (rank, upper), (_, lower) in pairwise(chain):
            x0, x1 = upper.view.xy[0], lower.view.xy[0]
            middle = (bottoms[rank] + tops[rank + 1]) / 2 - _LANE + lanes[rank, id(upper), id(lower)] * _LANE
            if not line.points:
                line.points.append((x0, upper.view.xy[1] + upper.view.h / 2))
                meets_others = sum(r == rank and b is lower for r, _, b in pieces) > 1
                line.label_at = (x1 + 6, tops[rank + 1] - 14)
                if meets_others and abs(x0 - x1) > 0.5:  # not where the others have joined it
                    line.label_at, line.label_anchor = ((x0 + x1) / 2, middle - 5), "middle"
            if abs(x0 - x1) > 0.5:
                line.points += [(x0, middle), (x1, middle)]
        last = chain[-1][1].view
        line.points.append((last.xy[0], last.xy[1] - last.h / 2))
        lines[edge] = line
    return lines


def _lanes(pieces: list[tuple[int, Vertex, Vertex]]) -> dict[tuple[int, int, int], float]:
    """Which lane each bend takes: those that part from one box, or meet at one, share theirs."""
    lanes: dict[tuple[int, int, int], float] = {}
    for rank in {piece[0] for piece in pieces}:
        here = [(a, b) for r, a, b in pieces if r == rank]
        keys = []
        for upper, lower in here:
            meeting = [a for a, b in here if b is lower]
            only = all(sum(a is other for a, _ in here) == 1 for other in meeting)
            shared = lower if only and len(meeting) > 1 else upper
            if abs(upper.view.xy[0] - lower.view.xy[0]) > 0.5 and id(shared) not in keys:
                keys.append(id(shared))
            lanes[rank, id(upper), id(lower)] = id(shared)
        for upper, lower in here:
            key = int(lanes[rank, id(upper), id(lower)])
            lanes[rank, id(upper), id(lower)] = keys.index(key) - (len(keys) - 1) / 2 if key in keys else 0
    return lanes


def _lines_back(boxes: dict[str, _Box], edges: list[FlowEdge]) -> list[_Line]:
    """Lines that lead back up (or to the same box), along the right side."""
    lines = []
    right = max((box.xy[0] + box.w / 2 for box in boxes.values()), default=0.0)
    for i, edge in enumerate(edges, 1):
        start, end = boxes[edge.start], boxes[edge.end]
        x = right + i * _BESIDE
        out, into = start.xy[1] + start.h / 6, end.xy[1] - end.h / 6
        points = [(start.xy[0] + start.w / 2, out), (x, out), (x, into), (end.xy[0] + end.w / 2, into)]
        lines.append(_Line(edge.label, points, (start.xy[0] + start.w / 2 + 6, out - 6)))
    return lines


# -- SVG --------------------------------------------------------------------------------------------------------


def _draw_box(box: _Box) -> str:
    fill, stroke = _COLOURS[box.node.kind]
    x, y = box.xy
    left, w, h = x - box.w / 2, box.w, box.h
    look = f'fill="{fill}" stroke="{stroke}" stroke-width="1.5"'
    if box.node.kind == "decision":
        corners = [(left, y), (left + _SLANT, box.top), (left + w - _SLANT, box.top), (left + w, y)]
        corners += [(left + w - _SLANT, box.bottom), (left + _SLANT, box.bottom)]
        shape = f'<polygon points="{" ".join(f"{_n(a)},{_n(b)}" for a, b in corners)}" {look}/>'
    else:
        radius = min(h / 2, 24) if box.node.kind == "end" else 4
        shape = f'<rect x="{_n(left)}" y="{_n(box.top)}" width="{_n(w)}" height="{_n(h)}" rx="{_n(radius)}" {look}/>'
    first = y - (len(box.lines) - 1) * _LINE / 2 + _FONT * 0.35
    rows = "".join(f'<tspan x="{_n(x)}" y="{_n(first + i * _LINE)}">{_text(line)}</tspan>' for i, line in enumerate(box.lines))
    return f'{shape}\n<text text-anchor="middle" fill="{_INK}">{rows}</text>'


def _draw_line(line: _Line) -> str:
    (x0, _), (x, y) = line.points[-2:]
    # The head points down, or to the left for a line that leads back.
    head = [(x, y), (x - 5, y - 10), (x + 5, y - 10)] if x == x0 else [(x, y), (x + 10, y - 5), (x + 10, y + 5)]
    path = " ".join(f"{_n(a)},{_n(b)}" for a, b in line.points)
    return (
        f'<polyline points="{path}" fill="none" stroke="{_LINE_COLOUR}" stroke-width="1.5"/>'
        f'<polygon points="{" ".join(f"{_n(a)},{_n(b)}" for a, b in head)}" fill="{_LINE_COLOUR}"/>'
    )


def _draw_label(line: _Line) -> str:
    x, y = line.label_at
    return (
        f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{line.label_anchor}" fill="{_INK}" stroke="#ffffff" stroke-width="4" paint-order="stroke"'
        f' font-weight="bold">{_text(line.label or "")}</text>'
    )


def _n(number: float) -> str:
    return f"{number:.1f}".rstrip("0").rstrip(".")


def _text(text: str) -> str:
    return escape(_NOT_IN_XML.sub("", text))


# -- wrapping ---------------------------------------------------------------------------------------------------


def _width(text: str | None) -> float:
    """In characters; a Latin letter or digit counts for a little more than half a Chinese character."""
    return sum(0.58 if character.isascii() else 1.0 for character in text or "")


def _wrap(text: str) -> list[str]:
    """As few lines as fit, all of about the same length."""
    fewest = len(_wrap_at(text, _MAX_CHARACTERS))
    for limit in range(1, _MAX_CHARACTERS):
        lines = _wrap_at(text, limit)
        if len(lines) == fewest and max(map(_width, lines)) <= _MAX_CHARACTERS + 1:
            return lines
    return _wrap_at(text, _MAX_CHARACTERS)


def _wrap_at(text: str, limit: float) -> list[str]:
    lines = [""]
    for piece in _PIECES.findall(text.replace("\n", "")):
        closes = piece in _NEVER_FIRST
        if lines[-1] and not closes and _width(lines[-1] + piece) > limit:
            # An opening bracket goes with what it opens.
            kept = lines[-1].rstrip("".join(_NEVER_LAST))
            if kept:
                moved = lines[-1][len(kept) :]
                lines[-1] = kept
                lines.append(moved)
        lines[-1] += piece
    return lines
