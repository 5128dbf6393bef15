"""What every reader yields: the entries of a source document, taken apart into labelled fields, wording untouched."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class SourceEntry:
    """One item as the source document prints it.

    number: the item's number in the document ("2.2", "16"; filled in by the reader if the document lost it).
    heading: the line that introduces the entry (「社保卡补换卡信息表」), "" if none.
    fields: label of the source (「运行要件」) -> its raw text, in document order. A flow chart's text is the
        field 「流程图」. Cells merged with the one above carry that cell's text and are listed in `inherited`.
    problems: what looks wrong, one sentence each (「number lost in the text」).
    """

    number: str
    name: str
    heading: str
    fields: dict[str, str]
    inherited: frozenset[str] = frozenset()
    problems: tuple[str, ...] = field(default=())
