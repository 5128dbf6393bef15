"""A catalog ten times the size: every item and phrasing again for nine more lines of business, with names of their own.

`python -m bench.catalog FOLDER` writes a whole project (bot, config, domain, data, knowledge) in which `bot train` and
`bot run` work; the nine lines have own services, own item numbers and own phrasings, so the classes are ten times as many.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

import yaml

from bot.settings import ROOT

LINES = ("渔业", "林业", "牧业", "航运", "旅游", "体育", "出版", "矿山", "铁路")
FORMS = ("{line}的{text}", "我是{line}这边的，{text}", "{line}，{text}", "{text}，{line}上的")
COPIED = ("bot", "config.yml", "domain.yml", "endpoints.yml", "credentials.yml")
_OFFSET = 100  # item numbers of the first line begin behind those of the real catalog


def write(folder: Path, lines: tuple[str, ...] = LINES) -> dict[str, int]:
    """Write the project to `folder`, replacing what is there; return how many items, services and phrasings it has."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    for name in ("data", "knowledge"):
        shutil.copytree(ROOT / name, folder / name)
    knowledge, services = folder / "knowledge", _read(ROOT / "knowledge" / "services.yml")
    _write(
        knowledge / "services.yml",
        services + [{"id": _service(s["id"], n), "name": line + s["name"]} for n, line in enumerate(lines) for s in services],
    )
    for path in sorted(ROOT.glob("knowledge/*/*.yml")):
        for number, line in enumerate(lines):
            item = _item(_read(path), line, number)
            _write(knowledge / path.parent.name / f"{item['id'].partition('-')[2]}.yml", item)
    phrasings = 0
    for path in sorted((ROOT / "data" / "nlu" / "services").glob("*.yml")):
        for number, line in enumerate(lines):
            blocks = [_block(block, line, number) for block in _read(path)["nlu"]]
            phrasings += sum(block["examples"].count("\n") for block in blocks)
            _write(folder / "data" / "nlu" / "services" / f"{_service(path.stem, number)}.yml", {"version": "3.1", "nlu": blocks})
    items = len(list(knowledge.glob("*/*.yml")))
    return {"items": items, "services": len(services) * (1 + len(lines)), "generated_phrasings": phrasings}


def _service(service: str, number: int) -> str:
    return f"{service}_line{number + 1}"


def _item(item: dict[str, Any], line: str, number: int) -> dict[str, Any]:
    place, _, own = item["id"].partition("-")
    first, dot, rest = own.partition(".")
    names = [line + name for name in (item["name"], *item.get("aliases", ()))]
    return {
        **item,
        "id": f"{place}-{int(first) + _OFFSET * (number + 1)}{dot}{rest}",
        "name": names[0],
        "aliases": names[1:],
        "services": [_service(service, number) for service in item["services"]],
    }


def _block(block: dict[str, Any], line: str, number: int) -> dict[str, Any]:
    service = (block.get("metadata") or {}).get("service")
    texts = [text[2:] for text in block["examples"].splitlines() if text.strip()]
    told = [FORMS[(n + number) % len(FORMS)].format(line=line, text=text) for n, text in enumerate(texts)]
    return {
        "intent": block["intent"],
        "metadata": {"service": _service(service, number) if service not in (None, "context") else service},
        "examples": "".join(f"- {text}\n" for text in told),
    }


class _Dumper(yaml.CSafeDumper):
    """Writes texts of several lines as blocks, as the phrasings' own files have them."""


_Dumper.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)
)


def _read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)  # noqa: S506


def _write(path: Path, content: Any) -> None:
    text = yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10000)
    path.write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    print(", ".join(f"{count} {name}" for name, count in write(parser.parse_args().folder).items()))


if __name__ == "__main__":
    main()
