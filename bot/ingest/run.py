"""From a published document to drafts (`bot ingest`), and from reviewed YAML back to its source (`bot knowledge verify`).

Writes OUT_DIR/JURISDICTION/<number>.yml and report.txt, all of them or none, into a directory that must not exist yet;
what is reviewed under knowledge/ is never touched.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import yaml
from pydantic import ValidationError

from bot.errors import SourceError
from bot.ingest import information_form, power_list, service_table
from bot.ingest.document import load
from bot.ingest.draft import draft
from bot.ingest.entry import SourceEntry
from bot.ingest.report import findings
from bot.ingest.verify import leftovers
from bot.knowledge import catalog
from bot.knowledge.schema import Item

READERS: tuple[ModuleType, ...] = (information_form, power_list, service_table)
KNOWLEDGE = Path(__file__).resolve().parents[2] / "knowledge"


@dataclass(frozen=True)
class Report:
    """What was read and written, and what a reviewer should look at."""

    reader: str
    directory: Path
    files: tuple[Path, ...]
    findings: tuple[str, ...]
    leftovers: dict[str, dict[str, str]]  # item id -> field label -> words that the draft does not hold

    def text(self) -> str:
        lines = [f"{len(self.files)} drafts in {self.directory} (reader: {self.reader})", "", "To look at in the source:"]
        lines += [f"- {finding}" for finding in self.findings] or ["- nothing"]
        lines += ["", "Words of the source that the drafts do not hold:"]
        lines += [f"- {item} {label}: {words}" for item, left in self.leftovers.items() for label, words in left.items()] or [
            "- none"
        ]
        return "\n".join(lines) + "\n"


def ingest(path: Path | str, jurisdiction: str, out_dir: Path | str) -> Report:
    """Read `path` with the reader that knows it and write its drafts; raise SourceError and write nothing otherwise."""
    if not re.fullmatch(r"[a-z]+", jurisdiction):
        raise SourceError(f"«{jurisdiction}» is no jurisdiction id; expected small Latin letters, as in «dagang»")
    out_dir = Path(out_dir)
    final = out_dir / jurisdiction
    if KNOWLEDGE in (out_dir.resolve(), *out_dir.resolve().parents):
        raise SourceError(f"{out_dir}: reviewed files live there; give a directory outside of {KNOWLEDGE}")
    if final.exists():
        raise SourceError(f"{final}: exists already and may hold edited drafts; move it away first")
    text = load(path)
    reader = choose(text, Path(path).name)
    entries = reader.read(text)
    drafts: dict[str, dict] = {}
    left: dict[str, dict[str, str]] = {}
    for entry in entries:
        item = draft(entry, jurisdiction, jurisdiction)
        name, copies = entry.number, 1
        while name in drafts:
            copies += 1
            name = f"{entry.number}_{copies}"
        drafts[name] = item
        try:
            rest = leftovers(entry, Item(**{**item, "services": ["draft"]}))
        except ValidationError as error:
            raise SourceError(f"{Path(path).name}: item «{entry.number} {entry.name}» gives no valid draft: {error}") from error
        if rest:
            left[f"{jurisdiction}-{name}"] = rest
    report = Report(
        reader.__name__.rpartition(".")[2], final, tuple(final / f"{name}.yml" for name in drafts), tuple(findings(entries)), left
    )
    _write(final, {f"{name}.yml": _yaml(item) for name, item in drafts.items()} | {"report.txt": report.text()})
    return report


def choose(text: str, name: str = "document") -> ModuleType:
    """Return the reader module that recognises `text`."""
    for reader in READERS:
        if reader.recognises(text):
            return reader
    raise SourceError(f"{name}: of no known kind; expected 信息表, a 事项清单 table or a 权力运行流程 list")


def _yaml(item: dict) -> str:
    return yaml.safe_dump(item, allow_unicode=True, sort_keys=False, width=100_000)


def _write(final: Path, files: dict[str, str]) -> None:
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{final.name}-", dir=final.parent))
    except OSError as error:
        raise SourceError(f"{final}: cannot be written: {error.strerror or error}") from error
    try:
        for name, content in files.items():
            (temporary / name).write_text(content, encoding="utf-8")
        temporary.chmod(0o755)
        temporary.rename(final)
    except OSError as error:
        raise SourceError(f"{final}: cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def verify_source(path: Path | str, jurisdiction: str | None, knowledge: Path) -> list[str]:
    """Return one line a field of the source document whose words no field of its reviewed item holds; [] if all is held.

    jurisdiction: whose items to compare; without it, the one that shares most item names with the document.
    Raises SourceError for a document that no reader knows, or an entry without item.
    """
    text = load(path)
    entries = choose(text, Path(path).name).read(text)
    items = {item.id: item for item in catalog.load(knowledge).items}
    places = list(dict.fromkeys(item.partition("-")[0] for item in items))
    place = jurisdiction or max(places, key=lambda p: sum(_is_item(items, p, entry) for entry in entries))
    lines = []
    for entry in entries:
        item = items.get(f"{place}-{entry.number}")
        if item is None:
            lines.append(f"{place}-{entry.number} {entry.name}: no item under knowledge/{place}")
            continue
        lines += [f"{item.id} {label}: {words}" for label, words in leftovers(entry, item).items()]
    return lines


def _is_item(items: dict[str, Item], place: str, entry: SourceEntry) -> bool:
    item = items.get(f"{place}-{entry.number}")
    return (
        item is not None
        and bool(set(item.name) & set(entry.name))
        and len(set(item.name) & set(entry.name)) * 2 > len(set(entry.name))
    )
