"""audit: only what was reviewed for the very version passes, and what could not be looked up never counts as clean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audit import __main__ as command
from audit.judge import AuditError, judge, read_exceptions

EXCEPTIONS = read_exceptions(command.EXCEPTIONS)
SKOPS = {
    "name": "skops",
    "version": "0.9.0",
    "vulns": [{"id": "GHSA-m7f4-hrc6-fwg3", "aliases": ["CVE-2025-54413"], "fix_versions": ["0.12"]}],
}
CLEAN = {"name": "Jinja2", "version": "3.1.6", "vulns": []}
NEW = {"name": "sanic", "version": "21.12.2", "vulns": [{"id": "PYSEC-2099-1", "aliases": ["CVE-2099-1"], "fix_versions": []}]}


def report(*packages: Any) -> dict[str, Any]:
    return {"dependencies": list(packages), "fixes": []}


def test_what_was_reviewed_passes_and_says_why() -> None:
    reviewed = [one for one in EXCEPTIONS if one.package == "skops"]
    verdict = judge(report(SKOPS, CLEAN), reviewed)
    assert (
        verdict.passed and verdict.audited == 2 and len(verdict.accepted) == 1 and "no route takes a model" in verdict.accepted[0]
    )


def test_a_new_finding_fails() -> None:
    verdict = judge(report(CLEAN, NEW), [])
    assert not verdict.passed and verdict.open == ["sanic 21.12.2: CVE-2099-1, PYSEC-2099-1; fixed in no version"]


def test_a_review_holds_for_its_version_only() -> None:
    verdict = judge(report({**SKOPS, "version": "0.10.0"}), EXCEPTIONS)
    assert not verdict.passed and len(verdict.open) == 1 and "fixed in 0.12" in verdict.open[0]


def test_an_exception_that_nothing_needs_fails() -> None:
    verdict = judge(report({**SKOPS, "vulns": []}), [one for one in EXCEPTIONS if one.package == "skops"])
    assert not verdict.passed and "remove its entry" in verdict.stale[0]


def test_a_package_that_was_not_looked_up_is_not_clean() -> None:
    verdict = judge(report(CLEAN, {"name": "rasa", "skip_reason": "Dependency not found on PyPI"}), [])
    assert not verdict.passed and verdict.audited == 1 and verdict.unknown == ["rasa: Dependency not found on PyPI"]


@pytest.mark.parametrize(
    "content",
    [
        "{}",
        "- ids: [CVE-1]",
        "- {ids: [], package: a, version: 1, why: x}",
        "- {ids: [CVE-1], package: a, version: '1', why: short}",
    ],
)
def test_an_exception_without_its_reason_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "exceptions.yml").write_text(content)
    with pytest.raises(AuditError, match="exceptions.yml"):
        read_exceptions(tmp_path / "exceptions.yml")


def test_every_exception_is_about_a_package_as_it_is_locked() -> None:
    locked = dict(line.split(" ")[0].split("==") for line in command.LOCKED.read_text().splitlines() if "==" in line)
    for one in EXCEPTIONS:
        assert locked.get(one.package) == one.version, one.package


@pytest.fixture
def no_tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(command, "write_bill", lambda into: None)
    return tmp_path


def run(folder: Path, content: Any) -> int:
    (folder / "report.json").write_text(json.dumps(content))
    return command.main(["--report", str(folder / "report.json"), "--results", str(folder)])


def test_the_command_judges_a_report_made_elsewhere(no_tools: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(no_tools, report(CLEAN)) == 0
    assert run(no_tools, report(CLEAN, NEW)) == 1
    assert "OPEN" in capsys.readouterr().out
    assert run(no_tools, []) == 2


def test_the_command_says_clearly_when_the_database_knows_nothing(no_tools: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(no_tools, report({"name": "rasa", "skip_reason": "Dependency not found on PyPI"})) == command.UNREACHABLE
    assert "NOTHING IS KNOWN" in capsys.readouterr().err


def test_the_command_says_clearly_when_the_database_cannot_be_reached(
    no_tools: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (no_tools / "pip-audit").write_text("#!/bin/sh\necho 'requests.exceptions.ConnectionError: no route' >&2\nexit 1\n")
    (no_tools / "pip-audit").chmod(0o755)
    monkeypatch.setattr(command, "TOOLS", no_tools)
    assert command.main(["--results", str(no_tools)]) == command.UNREACHABLE
    said = capsys.readouterr().err
    assert "NOTHING IS KNOWN" in said and "no route" in said
