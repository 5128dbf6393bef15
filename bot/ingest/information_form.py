"""Reader for 信息表 documents: one small table of label and value per item, as streets publish their service items.

The text is that of `bot.ingest.document`: a table cell begins with a tab, its further lines follow without one, a
blank line ends a table row. A heading 「…信息表」 opens an item, whether it stands in a cell or in a line of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.errors import SourceError
from bot.ingest.entry import SourceEntry

HEADING = "信息表"
# What such a form must carry to be worth reading; further labels are taken as they come.
EXPECTED = ("法定依据", "实施机构", "运行流程", "运行要件")
KNOWN = frozenset(EXPECTED) | {"序号", "名称", "职责边界", "责任事项", "监督方式"}
CATEGORY = "主要职责"  # the column of a table of contents that groups the items
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)*")


def recognises(text: str) -> bool:
    """Tell whether `text` is a document of 信息表."""
    labels = {_plain(line) for line in text.splitlines()}
    return HEADING in _plain(text) and "名称" in labels and sum(label in labels for label in EXPECTED) >= 3


def read(text: str) -> list[SourceEntry]:
    """Return the items of the document in its order; raise SourceError if there is none."""
    contents: dict[str, tuple[str, str]] = {}  # squeezed name -> (number, category) of the table of contents
    forms: list[_Form] = []
    form: _Form | None = None
    heading, category = "", ""
    for row in _rows(text):
        label, under = _label_and_rest(row[0])
        if len(row) == 1 and label.endswith(HEADING):
            heading, form = label, None
        elif label == "序号" and (len(row) == 2 or heading):
            form = _Form(heading, number=_plain("".join(under + row[1:2])))
            forms.append(form)
            heading = ""
        elif heading and label == "名称":  # the row of the number is missing altogether
            form = _Form(heading)
            forms.append(form)
            form.take(row)
            heading = ""
        elif form is not None:
            form.take(row)
        elif not forms and not heading and len(row) >= 4:
            category = _contents_row(row, contents, category)
    if not forms:
        raise SourceError(f"no item found: expected tables headed «…{HEADING}» with rows «序号» and «名称»")
    return _entries(forms, contents)


@dataclass
class _Form:
    """One table while it is being read."""

    heading: str
    number: str = ""

    def __post_init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.problems: list[str] = []
        self._last = ""

    def take(self, row: list[str]) -> None:
        label, values = _label_and_rest(row[0])
        # A merged cell may be printed once for each column that it spans.
        values += [cell for place, cell in enumerate(row[1:], 1) if cell.strip() and cell not in row[1:place]]
        value = "\n".join(part for part in values if part.strip())
        if not label:  # a row whose label cell is merged with the one above
            if value and self._last:
                self.fields[self._last] = "\n".join(part for part in (self.fields[self._last], value) if part)
            return
        if len(row) == 1 and not value and label not in KNOWN:
            self.problems.append(f"a line that belongs to no field: «{label}»")
            return
        if label in self.fields:
            self.problems.append(f"field «{label}» stands twice in the table; both texts were kept")
            value = "\n".join(part for part in (self.fields[label], value) if part)
        self.fields[label] = value
        self._last = label


def _rows(text: str) -> list[list[str]]:
    """Return the table rows of `text` (and single lines outside tables as rows of one cell), empty ones left out."""
    rows: list[list[str]] = []
    blank = True  # whether the line before was blank
    for line in text.splitlines():
        content = line.strip()
        opens_cell = line.lstrip(" \ufeff").startswith("\t")
        alone = not opens_cell and content and (_plain(content) in KNOWN or (blank and _plain(content).endswith(HEADING)))
        if opens_cell or alone or not rows:
            if blank or alone or not rows:
                rows.append([])
            rows[-1].append(content)
        elif content:
            rows[-1][-1] += ("\n" if rows[-1][-1] else "") + content
        # A line of white space is part of a cell (an empty one, or a label written from top to bottom).
        blank = not line
    return [row for row in rows if any(cell for cell in row)]


def _label_and_rest(cell: str) -> tuple[str, list[str]]:
    """Part a label cell into its label and text that stands under it (forms saved without their tabs)."""
    first, _, rest = cell.partition("\n")
    if _plain(first) in KNOWN:
        return _plain(first), [rest]
    return _plain(cell), []


def _contents_row(row: list[str], contents: dict[str, tuple[str, str]], category: str) -> str:
    """Note a line «1 | 主要职责 | 1.1 | 名称 | 页码» of the table of contents; return the category that holds now."""
    for place, cell in enumerate(row[:-1]):
        if place and re.fullmatch(r"[0-9]+\.[0-9]+", cell.strip()):
            category = "".join(row[1:place]).strip() or category
            contents[_plain(row[place + 1])] = (cell.strip(), category)
            break
    return category


def _entries(forms: list[_Form], contents: dict[str, tuple[str, str]]) -> list[SourceEntry]:
    entries: list[SourceEntry] = []
    named: set[str] = set()  # names of the table of contents whose category was printed already
    previous, seen = "0", set()
    for form in forms:
        problems = list(form.problems)
        name = form.fields.pop("名称", "").replace("\n", "").strip()
        if not name:
            name = form.heading[: -len(HEADING)]
            problems.append("name lost in the text; taken from the heading" if name else "neither name nor heading")
        listed = contents.get(_plain(name))
        number = form.number
        if not _NUMBER.fullmatch(number):
            number = listed[0] if listed else _after(previous)
            problems.append(f"number lost in the text («{form.number}»); taken as {number}")
        if number in seen:
            problems.append(f"number {number} stands at an earlier item already")
        seen.add(number)
        previous = number
        for label in EXPECTED:
            if label not in form.fields:
                problems.append(f"field «{label}» is missing")
        fields = dict(form.fields)
        inherited: frozenset[str] = frozenset()
        if listed and listed[1]:
            fields = {CATEGORY: listed[1], **fields}
            inherited = frozenset({CATEGORY} if listed[1] in named else ())
            named.add(listed[1])
        entries.append(SourceEntry(number, name, form.heading, fields, inherited, tuple(problems)))
    return entries


def _after(number: str) -> str:
    """Return the number that follows `number`: 2.1 -> 2.2."""
    head, dot, last = number.rpartition(".")
    return f"{head}{dot}{int(last) + 1}"


def _plain(text: str) -> str:
    return re.sub(r"\s+", "", text)
