"""Reader of 事项清单 tables: one row per item, the columns named by the table's own heading row.

The text has the shape that a word processor gives when it saves a table as text: a cell begins after a line break
and a tab and may run over several lines; an empty line ends the row.

What such a text loses is put back as far as it can be known, and told in `problems`:

- A heading row that returns at a page break is skipped; a different one, or one with text above it, begins a new
  table.
- Merged cells come out empty. They take the text of the cell above and are listed in `inherited`; columns of
  remarks do not. A cell that was empty on purpose looks the same: whoever reviews the entry must decide.
- An empty line inside a cell looks like the end of a row; the pieces are joined when they fill one row together.
- A blank before the tab stands where cells were swallowed: the last ones of a row, the first ones of the next.
- A number lost from the text is taken from the sequence. A row without number and name, or with a name where the
  sequence has no gap, belongs to the item above; its texts are added to that item's fields.
- A heading over two columns gives the fields 「服务项目（类别）」 and 「服务项目」, with a second line of headings
  「办理时限·法定」 and 「办理时限·承诺」.
- A line of its own between the rows (「一、社会保险」) or before a table becomes the `heading` of the items below.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Iterator, Optional

from bot.errors import SourceError
from bot.ingest.entry import SourceEntry

_NUMBER_HEADINGS = {"序号", "编号", "序", "项号", "事项序号", "事项编号"}
# How likely a heading is the one over the names, the surest first.
_NAME_HEADINGS = (re.compile(r"名称"), re.compile(r"事项|项目"))
_NO_NAME_HEADING = re.compile(r"类|编码|代码|编号|依据|单位|部门|机构|科室")
# Beside number and name, one column at least must speak of a service; a table of standards has none of these.
_SERVICE_HEADING = re.compile(r"办理|受理|责任|实施|服务|材料|要件|部门|单位|机构|对象|流程|时限|依据|业务|窗口")
_NEVER_MERGED = re.compile(r"备注|说明|^注$")
_NUMBER = re.compile(r"[（(]?(\d+(?:\.\d+)*)[）)]?[.、．]?")
_BETWEEN_CHINESE = re.compile(r"(?<=[^\x00-\x7f])\s+(?=[^\x00-\x7f])")
_BLANKS = " \u3000\xa0"
_CELL_START = re.compile(rf"\n([{_BLANKS}]*)\t|\t")
_PAGE_NUMBER = re.compile(r"[-—–·\s]*第?\s*\d+\s*页?[-—–·\s]*|第\s*\d+\s*页.*")
_PART = re.compile(r"[（(]?[一二三四五六七八九十]+[）)、．.]|第[一二三四五六七八九十]+[部章类]")
_EMPTY_LINE = re.compile(rf"\n[{_BLANKS}]*\n")


@dataclass
class _Row:
    """A row as far as the text shows it. cut_before, cut_after: cells were swallowed there."""

    cells: list[str]
    cut_before: bool = False
    cut_after: bool = False
    problems: list[str] = field(default_factory=list)

    @property
    def number(self) -> Optional[str]:
        match = _NUMBER.fullmatch(self.cells[0].strip())
        return match.group(1) if match else None

    @property
    def filled(self) -> int:
        return sum(1 for cell in self.cells if cell.strip())


@dataclass
class _Table:
    headings: list[str]
    title: str = ""
    rows: list[_Row] = field(default_factory=list)

    @property
    def name_column(self) -> Optional[int]:
        for pattern in _NAME_HEADINGS:
            for i, heading in enumerate(self.headings[1:], 1):
                if pattern.search(heading) and not _NO_NAME_HEADING.search(heading):
                    return i
        return None

    def is_of_services(self) -> bool:
        name = self.name_column
        others = [h for i, h in enumerate(self.headings) if i not in (0, name)]
        return name is not None and any(_SERVICE_HEADING.search(h) for h in others)


@dataclass
class _Line:
    """A whole row by labels; `number` is printed or, for `of_its_own` rows, filled in."""

    number: Optional[str]
    name: str
    cells: dict[str, str]
    group: str
    cut_before: bool
    problems: list[str]
    of_its_own: bool = False


def recognises(text: str) -> bool:
    """Whether the text holds a table of services with at least one item."""
    return any(line.of_its_own for table in _tables(text) for line in _lines(table))


def read(text: str) -> list[SourceEntry]:
    """The items of all tables of services in the text, in their order; other tables and text are passed over."""
    entries = [entry for table in _tables(text) for entry in _entries(_lines(table))]
    if not entries:
        raise SourceError(
            "no table of services found: expected a heading row with 序号, a column of names (事项名称, 服务项目) "
            "and a further column such as 责任单位 or 办理材料, every cell on a line that begins with a tab"
        )
    times = Counter(entry.number for entry in entries)
    return [
        SourceEntry(**{**vars(e), "problems": (*e.problems, f"number {e.number} stands {times[e.number]} times")})
        if times[e.number] > 1
        else e
        for e in entries
    ]


# -- from text to rows --------------------------------------------------------------------------------------------


def _tables(text: str) -> list[_Table]:
    """The tables of services; each has at least its heading row."""
    tables: list[_Table] = []
    between = text.partition("\t")[0]
    previous: Optional[_Row] = None
    for piece in _pieces(text):
        if len(piece.cells) >= 3 and _squeeze(piece.cells[0]) in _NUMBER_HEADINGS:
            headings = [_squeeze(cell) for cell in piece.cells]
            if previous is not None:
                between = _take_text_behind(previous)
            if not tables or tables[-1].headings != headings or between.strip():
                tables.append(_Table(headings, title=_title(between)))
        elif tables:
            tables[-1].rows.append(piece)
        previous = piece
    return [table for table in tables if table.is_of_services()]


def _take_text_behind(row: _Row) -> str:
    """Cut off the paragraphs that stand behind a table and so seem to go on its last cell; page numbers are nothing."""
    inside, *behind = _EMPTY_LINE.split(row.cells[-1], maxsplit=1)
    lines = [line.strip() for line in "\n".join(behind).splitlines()]
    lines = [line for line in lines if line and not _PAGE_NUMBER.fullmatch(line)]
    if behind:
        row.cells[-1] = inside
    if lines and not (len(lines) == 1 and _title(lines[0])):
        row.problems.append(f"left out as text behind the table: {_squeeze(' '.join(lines))[:30]}")
    return "\n".join(lines)


def _title(text: str) -> str:
    """The last line of a text before a table, if it is numbered like the title of a part (「一、社会保险」)."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return _squeeze(lines[-1]) if lines and _PART.match(lines[-1]) else ""


def _pieces(text: str) -> Iterator[_Row]:
    """Rows as the empty lines show them; a row with an empty line in one of its cells is still in pieces."""
    text = "\n" + text.replace("\r\n", "\n").replace("\r", "\n")
    starts = list(_CELL_START.finditer(text))
    ends = [start.start() for start in starts[1:]] + [len(text)]
    row: Optional[_Row] = None
    before = "\n"  # the text of the cell before
    for start, end in zip(starts, ends):
        after_empty_line = before.rstrip(_BLANKS).endswith("\n")
        swallowed = bool(start.group(1)) and not after_empty_line
        if row is None or after_empty_line or swallowed:
            if row is not None:
                row.cut_after = swallowed
                yield row
            row = _Row([], cut_before=swallowed)
        before = text[start.end() : end]
        row.cells.append(before)
    if row is not None:
        row.cut_after = bool(re.search(rf"[^\s]\n[{_BLANKS}]+$", row.cells[-1]))
        yield row


def _lines(table: _Table) -> list[_Line]:
    width = _width(table.rows, len(table.headings))
    rows = _without_tail(_joined(table.rows, len(table.headings), width))
    labels, rows = _labels(table, rows, width)
    groups = [label for label in labels if label.startswith(f"{table.headings[table.name_column]}（类别")]
    name_label = table.headings[table.name_column]

    lines: list[_Line] = []
    group = table.title
    for row in rows:
        if row.filled == 0:
            continue
        if row.number is None and row.filled == 1 and row.cells[0].strip() and not row.cut_before:
            group = _squeeze(row.cells[0])
            continue
        cells = _aligned(row, labels, groups)
        lines.append(
            _Line(
                number=row.number if not row.cut_before else None,
                name=_squeeze(cells.get(name_label, "")),
                cells={label: text for label, text in cells.items() if label != labels[0]},
                group=group,
                cut_before=row.cut_before,
                problems=row.problems,
            )
        )
    _fill_numbers(lines)
    return lines


def _without_tail(rows: list[_Row]) -> list[_Row]:
    """Without what stands behind the table: lines with a tab of their own, and paragraphs stuck to the last cell."""
    last = len(rows)
    while last and len(rows[last - 1].cells) == 1 and rows[last - 1].number is None:
        last -= 1
    if last:
        _take_text_behind(rows[last - 1])
    return rows[:last]


def _width(pieces: list[_Row], headings: int) -> int:
    """How many cells a whole row has: more than the headings if one heading stands over several columns."""
    lengths = [len(p.cells) for p in pieces if len(p.cells) >= headings]
    numbered = [len(p.cells) for p in pieces if len(p.cells) >= headings and p.number]
    return Counter(numbered or lengths or [headings]).most_common(1)[0][0]


def _joined(pieces: list[_Row], headings: int, width: int) -> list[_Row]:
    """Pieces of one row put together where an empty line inside a cell had parted them."""
    rows: list[_Row] = []
    for piece in pieces:
        if rows and _belongs_to(rows[-1], piece, headings, width):
            rows[-1].cells += piece.cells
            rows[-1].cut_after = piece.cut_after
            rows[-1].problems += piece.problems
        else:
            rows.append(piece)
    return rows


def _belongs_to(row: _Row, piece: _Row, headings: int, width: int) -> bool:
    together = len(row.cells) + len(piece.cells)
    if together > width or (row.number is None and len(row.cells) == 1 and row.filled):
        return False
    if piece.cut_before:
        return together == width  # otherwise cells are missing, so it is a row of its own
    if piece.number and len(piece.cells) >= headings - 1:
        return False
    # A row as wide as the headings is whole when its group and name are one cell; the line after it is a title.
    return not (len(piece.cells) == 1 and len(row.cells) == headings < width and piece.filled)


def _labels(table: _Table, rows: list[_Row], width: int) -> tuple[list[str], list[_Row]]:
    """A label for each column, and the rows without the second line of headings."""
    headings, name, extra = table.headings, table.name_column, width - len(table.headings)
    if rows and len(rows[0].cells) == width and not rows[0].cells[0].strip() and not rows[0].cells[name].strip():
        second = [_squeeze(cell) for cell in rows[0].cells]
        at = [i for i, cell in enumerate(second) if cell]
        if extra > 0 and at and len(at) == at[-1] - at[0] + 1 == extra + 1:
            over = headings[at[0]]
            labels = [*headings[: at[0]], *(f"{over}·{second[i]}" for i in at), *headings[at[0] + 1 :]]
            return labels, [row for row in rows if [_squeeze(cell) for cell in row.cells] != second]
    ranks = [""] if extra == 1 else [str(i + 1) for i in range(extra)]
    groups = [f"{headings[name]}（类别{rank}）" for rank in ranks]
    return [*headings[:name], *groups, *headings[name:]], rows


def _aligned(row: _Row, labels: list[str], groups: list[str]) -> dict[str, str]:
    """The row's cells under their labels; where cells are missing, the rest is put where it belongs."""
    cells = [cell.strip() for cell in row.cells]
    missing = len(labels) - len(cells)
    if missing < 0:
        row.problems.append(f"{len(cells)} cells in a table of {len(labels)} columns; the last ones are put together")
        last = len(labels) - 1
        cells = [*cells[:last], "\n".join(filter(None, cells[last:]))]
    elif missing > 0 and row.cut_before:
        row.problems.append(f"the first {missing} cell(s) of the row are lost in the text")
        cells = [""] * missing + cells
    elif missing > 0:
        ungrouped = [label for label in labels if label not in groups]
        if groups and len(cells) + row.cut_after <= len(ungrouped):
            labels = ungrouped  # group and name are one cell
        if len(labels) > len(cells):
            row.problems.append(f"the last {len(labels) - len(cells)} cell(s) of the row are lost in the text")
        cells += [""] * (len(labels) - len(cells))
    return dict(zip(labels, cells))


# -- from rows to items -------------------------------------------------------------------------------------------


def _fill_numbers(lines: list[_Line]) -> None:
    """Decide which rows are items and give those without a number the one that the sequence lacks."""
    for line in lines:
        line.of_its_own = line.number is not None
    if not any(line.number for line in lines):
        named = [line for line in lines if line.name]
        for i, line in enumerate(named, 1):
            _number_lost(line, str(i))
        return
    before: Optional[str] = None
    run: list[_Line] = []
    for line in [*lines, None]:
        if line is not None and line.number is None:
            run += [line] if line.name else []
            continue
        _fill_run(run, before, line.number if line else None)
        before, run = (line.number if line else None), []


def _fill_run(run: list[_Line], before: Optional[str], after: Optional[str]) -> None:
    """The named rows without number between two numbers (None: begin or end of the table)."""
    swallowed = [line for line in run if line.cut_before]
    gap = len(swallowed) if after is None else _gap(before, after)
    chosen = run if len(run) <= gap else swallowed if len(swallowed) <= gap else []
    number = before
    for line in chosen:
        number = _next(number)
        _number_lost(line, number)
        if len(run) < gap:
            line.problems.append(f"between {before or 'the beginning'} and {after} more numbers lack than rows")
    for line in run:
        if line not in chosen:
            line.problems.append(f"row «{line.name}» has no number; it is added to the item above")


def _number_lost(line: _Line, number: str) -> None:
    line.number, line.of_its_own = number, True
    line.problems.append(f"number lost in the text; {number} by the sequence")


def _gap(before: Optional[str], after: str) -> int:
    """How many numbers lack between two; 0 if they are not of one sequence."""
    head, _, last = after.rpartition(".")
    head_before, _, last_before = (before or (f"{head}.0" if head else "0")).rpartition(".")
    return max(0, int(last) - int(last_before) - 1) if head == head_before else 0


def _next(number: Optional[str]) -> str:
    head, dot, last = (number or "0").rpartition(".")
    return f"{head}{dot}{int(last) + 1}"


def _entries(lines: list[_Line]) -> Iterator[SourceEntry]:
    above: dict[str, str] = {}
    item: list[_Line] = []
    inherited: set[str] = set()
    for line in [*lines, None]:
        if (line is None or line.of_its_own) and item:
            yield _entry(item, inherited)
            item = []
        if line is None or not (line.of_its_own or item):
            continue
        if line.of_its_own:
            inherited = set()
            for label in [label for label in above if label not in line.cells]:
                del above[label]  # a row whose group and name are one cell ends the group above
            for label, text in line.cells.items():
                if not text and above.get(label) and not _NEVER_MERGED.search(label):
                    line.cells[label] = above[label]
                    inherited.add(label)
        above.update({label: text for label, text in line.cells.items() if text})
        item.append(line)


def _entry(item: list[_Line], inherited: set[str]) -> SourceEntry:
    first = item[0]
    texts = {label: [line.cells.get(label, "") for line in item] for label in first.cells}
    problems = [problem for line in item for problem in line.problems]
    if not first.name:
        problems.append("the item has no name")
    return SourceEntry(
        number=first.number,
        name=first.name,
        heading=first.group,
        fields={label: "\n".join(dict.fromkeys(filter(None, parts))) for label, parts in texts.items()},
        inherited=frozenset(inherited),
        problems=tuple(problems),
    )


def _squeeze(text: str) -> str:
    """One line; blanks that only spread Chinese characters (服 务 对 象) go."""
    return _BETWEEN_CHINESE.sub("", " ".join(text.split()))
