"""Judge what pip-audit reports: what nobody has reviewed, what was reviewed for another version, what could not be looked up."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml


class AuditError(Exception):
    """The list of exceptions or the report has not the form that it should have; the message says where."""


@dataclass(frozen=True)
class Reviewed:
    """One vulnerability that does not reach this project: its ids, the package as locked when it was reviewed, and why."""

    ids: frozenset[str]
    package: str
    version: str
    why: str


@dataclass
class Verdict:
    """Lines for people. open: vulnerabilities without a review; stale: reviews that nothing needs any more; unknown: not looked up."""

    open: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    audited: int = 0

    @property
    def passed(self) -> bool:
        return not (self.open or self.stale or self.unknown)


def read_exceptions(file: Path) -> list[Reviewed]:
    """Return the reviewed list. Raises AuditError that names the entry and what is missing."""
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    if not isinstance(content, list):
        raise AuditError(f"{file.name} must be a list of ids, package, version, why")
    found = []
    for number, entry in enumerate(content, 1):
        if not isinstance(entry, dict) or set(entry) != {"ids", "package", "version", "why"}:
            raise AuditError(f"{file.name}, entry {number}: exactly ids, package, version and why are needed")
        if not (isinstance(entry["ids"], list) and entry["ids"] and all(isinstance(one, str) for one in entry["ids"])):
            raise AuditError(f"{file.name}, entry {number}: ids must be a list such as [CVE-2024-1234]")
        if len(str(entry["why"])) < 40:
            raise AuditError(f"{file.name}, entry {number}: why must say in a sentence what keeps it from reaching us")
        found.append(Reviewed(frozenset(entry["ids"]), _name(entry["package"]), str(entry["version"]), str(entry["why"]).strip()))
    return found


def judge(report: Any, reviewed: list[Reviewed]) -> Verdict:
    """Judge pip-audit's JSON report. Raises AuditError if it is none."""
    if not isinstance(report, dict) or not isinstance(report.get("dependencies"), list):
        raise AuditError("this is no report of pip-audit: `dependencies` is missing")
    verdict, used, looked_up = Verdict(), set[str](), set[str]()
    for package in report["dependencies"]:
        name, version = _name(package["name"]), package.get("version", "?")
        if "vulns" not in package:
            verdict.unknown.append(f"{name}: {package.get('skip_reason', 'skipped')}")
            continue
        verdict.audited += 1
        looked_up.add(name)
        for vulnerability in package["vulns"]:
            ids = {vulnerability["id"], *vulnerability.get("aliases", ())}
            line = f"{name} {version}: {', '.join(sorted(ids))}"
            match = next((one for one in reviewed if one.package == name and one.version == version and one.ids & ids), None)
            if match is None:
                fixed = ", ".join(vulnerability.get("fix_versions") or ()) or "no version"
                verdict.open.append(f"{line}; fixed in {fixed}")
            else:
                used |= match.ids & ids
                verdict.accepted.append(f"{line}; {match.why}")
    for one in reviewed:
        if one.package in looked_up and not one.ids & used:
            verdict.stale.append(
                f"{one.package} {one.version}: {', '.join(sorted(one.ids))} is not found any more; remove its entry"
            )
    return verdict


def _name(package: str) -> str:
    return package.lower().replace("_", "-")
