"""Read knowledge/: the one place that opens these files. Errors name file, item and field."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from bot.errors import KnowledgeError
from bot.knowledge.schema import Item, Jurisdiction, Service, SourceDocument

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # PyYAML without libyaml
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Catalog:
    """Everything under knowledge/, checked: lists in file order, items in the order of the source."""

    jurisdictions: tuple[Jurisdiction, ...]
    services: tuple[Service, ...]
    sources: tuple[SourceDocument, ...]
    items: tuple[Item, ...]


def load(folder: Path) -> Catalog:
    """Return the catalog under `folder`. Raises KnowledgeError with every problem found, one a line."""
    problems: list[str] = []
    jurisdictions = _list(folder / "jurisdictions.yml", Jurisdiction, problems)
    services = _list(folder / "services.yml", Service, problems)
    sources = _list(folder / "sources.yml", SourceDocument, problems)
    items = []
    for place in jurisdictions:
        files = sorted((folder / place.id).glob("*.yml"), key=lambda path: _number(path.stem))
        for path in files:
            item = _model(Item, _parse(path, problems), path, problems)
            if item is not None:
                if item.id != f"{place.id}-{path.stem}":
                    problems.append(f"{path}: item {item.id}: field id must be «{place.id}-{path.stem}», as the file says")
                items.append(item)
    _references(items, services, sources, folder, problems)
    if problems:
        raise KnowledgeError("\n".join(problems))
    return Catalog(tuple(jurisdictions), tuple(services), tuple(sources), tuple(items))


def item_path(folder: Path, item_id: str) -> Path:
    """Return the file of an item; the id must be one of the catalog's."""
    place, _, number = item_id.partition("-")
    return folder / place / f"{number}.yml"


def check_item(content: object, path: Path) -> Item:
    """Return the item that the content of its file says. Raises KnowledgeError with every problem, one a line."""
    problems: list[str] = []
    item = _model(Item, content, path, problems)
    if item is None:
        raise KnowledgeError("\n".join(problems))
    return item


def _number(stem: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in stem.split("."))


def _parse(path: Path, problems: list[str]) -> object:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader)  # noqa: S506 (Loader is a safe loader)
    except FileNotFoundError:
        problems.append(f"{path}: file is missing")
    except UnicodeDecodeError as error:
        problems.append(f"{path}: not UTF-8 text ({error.reason} at byte {error.start})")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        problems.append(f"{path}: not valid YAML: {where}{getattr(error, 'problem', error)}")
    return None


def _model(model: type[Model], content: object, path: Path, problems: list[str]) -> Model | None:
    if content is None:
        if not problems or not problems[-1].startswith(str(path)):
            problems.append(f"{path}: file is empty")
        return None
    if not isinstance(content, dict):
        problems.append(f"{path}: a mapping of fields is expected, found {type(content).__name__}")
        return None
    try:
        return model(**content)
    except (ValidationError, TypeError) as error:
        name = content.get("id", "without id")
        details = error.errors() if isinstance(error, ValidationError) else [{"loc": (), "msg": str(error)}]
        for detail in details:
            field = ".".join(str(part) for part in detail["loc"]) or "(whole entry)"
            problems.append(f"{path}: {model.__name__.lower()} {name}: field {field}: {detail['msg']}")
    return None


def _list(path: Path, model: type[Model], problems: list[str]) -> list[Model]:
    content = _parse(path, problems)
    if content is None:
        return []
    if not isinstance(content, list):
        problems.append(f"{path}: a list is expected, found {type(content).__name__}")
        return []
    found = [_model(model, entry, path, problems) for entry in content]
    return [entry for entry in found if entry is not None]


def _references(
    items: list[Item], services: list[Service], sources: list[SourceDocument], folder: Path, problems: list[str]
) -> None:
    known_services, known_sources = {s.id for s in services}, {s.id for s in sources}
    seen: set[str] = set()
    for item in items:
        place, _, number = item.id.partition("-")
        path = folder / place / f"{number}.yml"
        for service in item.services:
            if service not in known_services:
                problems.append(f"{path}: item {item.id}: field services: «{service}» is not in services.yml")
        if item.source.document not in known_sources:
            problems.append(f"{path}: item {item.id}: field source.document: «{item.source.document}» is not in sources.yml")
        if item.id in seen:
            problems.append(f"{path}: item {item.id}: field id: stands twice")
        seen.add(item.id)
    served = {service for item in items for service in item.services}
    for service in sorted(known_services - served):
        problems.append(f"{folder / 'services.yml'}: service {service}: no item has it")
