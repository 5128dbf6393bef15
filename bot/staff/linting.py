"""The linter's findings for the pages: run as its command in a process of its own, so that no conversation waits for it."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from pathlib import Path
from typing import Mapping, Optional

from bot.errors import RequestError
from bot.settings import ROOT, Settings
from bot.text import squash
from bot.training.labels import OTHERS, label_name, service_name
from bot.training.phrasing_check import LEAST, Finding, label_of
from bot.training.phrasing_file import Label
from bot.training.phrasings import Phrasing

logger = logging.getLogger(__name__)
_SECONDS = 120
_Signature = tuple[tuple[str, int, int], ...]


class Linter:
    """Keeps the findings until a file changes; several who ask at once wait for one run."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._lock = asyncio.Lock()
        self._known: Optional[tuple[_Signature, list[Finding]]] = None

    async def findings(self) -> list[Finding]:
        """Return the findings of the files as they are (some seconds after a change). Raises RequestError if it fails."""
        async with self._lock:
            signature = self._signature()
            if self._known is None or self._known[0] != signature:
                self._known = (signature, await self._run())
            return self._known[1]

    def _signature(self) -> _Signature:
        files = [*(self._settings.data / "nlu").rglob("*.yml"), self._settings.knowledge / "services.yml"]
        stats = ((str(path), path.stat()) for path in sorted(files))
        return tuple((path, stat.st_mtime_ns, stat.st_size) for path, stat in stats)

    async def _run(self) -> list[Finding]:
        folders = {"DATA": str(self._settings.data.resolve()), "KNOWLEDGE": str(self._settings.knowledge.resolve())}
        process = await asyncio.create_subprocess_exec(
            *("nice", "-n", "10", sys.executable, "-m", "bot", "phrasings", "check", "--json"),
            cwd=ROOT,
            env={**os.environ, **folders},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            output, errors = await asyncio.wait_for(process.communicate(), _SECONDS)
        except asyncio.TimeoutError:
            process.kill()
            await process.wait()
            raise RequestError("检查问法用的时间太长，已停下。") from None
        if process.returncode not in (0, 1):
            logger.error("the phrasings could not be checked: %s", errors.decode(errors="replace")[-500:])
            raise RequestError("问法没能检查，日志里有原因。")
        return [Finding(**{**one, "file": Path(one["file"]) if one["file"] else None}) for one in json.loads(output)]


def linter_of(app_context: object, settings: Settings) -> Linter:
    """Return the linter of this app, made on first use."""
    if not hasattr(app_context, "linter"):
        app_context.linter = Linter(settings)  # type: ignore[attr-defined]
    return app_context.linter  # type: ignore[attr-defined]


def is_about(finding: Finding, phrasing: Phrasing) -> bool:
    """Tell whether a trainer who looks at the phrasing should read the finding: it is either side of what collides."""
    if finding.kind == "label" and squash(finding.text) == phrasing.plain:
        return True
    return _is_other_side(finding, phrasing) or finding.text == phrasing.text and finding.service == phrasing.service


def _is_other_side(finding: Finding, phrasing: Phrasing) -> bool:
    return finding.kind == "near" and finding.other == f"{label_of(phrasing)}: {phrasing.text}"


def in_words(finding: Finding, services: Mapping[str, str], phrasing: Optional[Phrasing] = None) -> str:
    """Return the finding as a trainer reads it beside `phrasing`.

    A held-out question is not quoted, or it would become training data.
    """
    if finding.kind == "markup":
        return "含有括号或反斜杠，训练时会被当作标记。"
    if finding.kind == "service":
        return "这个服务不在服务目录里。"
    if finding.kind == "label":
        names = (
            service_name(one, services) if one in services else label_name(Label(one), services)
            for one in finding.other.split(" and ")
        )
        return f"同样的话同时在：{'、'.join(names)}。"
    if finding.kind == "near":
        label, _, text = finding.other.partition(": ")
        if phrasing is not None and _is_other_side(finding, phrasing):
            label, text = finding.service or "out_of_scope", finding.text
        name = label_name(Label(label), services) if label in OTHERS else service_name(label, services)
        return f"和「{name}」的一条几乎一样：{text}"
    if finding.kind == "uniform":
        return f"问法之间太像，像同一个模板（{finding.other}）。请换些说法。"
    if finding.kind == "few":
        return f"只有 {finding.other} 条问法，至少要 {LEAST} 条。"
    if finding.kind == "heldout":
        return "和评测集里的一句几乎一样，评测会失真，请换个说法或删掉。"
    return str(finding)
