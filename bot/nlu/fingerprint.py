"""What a component's training depends on besides its configuration and inputs: its code, with all project code that it uses.

Rasa's training cache looks at the source of the component's class alone; a constant beside the class or an edited helper
module would leave a stale model. Each component returns `fingerprint(__name__, …)` from `fingerprint_addon`.
"""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path
from typing import Iterable

from bot.settings import ROOT

# What they say, where folders are and how errors are called, changes no model; they change often.
_WITHOUT_EFFECT = {"bot.settings", "bot.errors"}


def fingerprint(module: str, data: Iterable[str] = ()) -> str:
    """Return a hash over the module, every module of this project that it imports, directly or not, and `data`."""
    total = hashlib.sha256()
    for name in sorted(own_modules(module)):
        total.update(name.encode() + b"\0" + read(_path(name)) + b"\0")
    for text in data:
        total.update(text.encode() + b"\0")
    return total.hexdigest()


def own_modules(module: str) -> set[str]:
    """Return `module` and the modules of its top package that it imports, directly or not."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in found | _WITHOUT_EFFECT or not _path(name).exists():
            continue
        found.add(name)
        for node in ast.walk(ast.parse(read(_path(name)))):
            if isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names if _is_own(alias.name)]
            elif isinstance(node, ast.ImportFrom) and node.module and _is_own(node.module):
                waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found


def read(path: Path) -> bytes:
    return path.read_bytes()


def _is_own(name: str) -> bool:
    return name.partition(".")[0] == "bot"


def _path(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
