"""`python -m audit`: audit requirements/base.txt with pip-audit and write results/audit.json and results/sbom.cdx.json.

Exit code: 0 nothing open, 1 findings, 3 the vulnerability database could not be asked, so nothing is known.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from audit.judge import AuditError, Verdict, judge, read_exceptions

ROOT = Path(__file__).resolve().parent.parent
TOOLS, LOCKED = ROOT / ".tools" / "audit" / "bin", ROOT / "requirements" / "base.txt"
EXCEPTIONS = Path(__file__).resolve().parent / "exceptions.yml"
UNREACHABLE = 3


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="audit", description=__doc__)
    parser.add_argument("--report", type=Path, help="judge this report of `pip-audit -f json` made elsewhere; ask no database")
    parser.add_argument("--service", choices=("pypi", "osv"), default="pypi", help="which vulnerability database to ask")
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    options = parser.parse_args(arguments)
    options.results.mkdir(parents=True, exist_ok=True)
    try:
        reviewed = read_exceptions(EXCEPTIONS)
        write_bill(options.results / "sbom.cdx.json")
        report = options.report or ask(options.results / "audit.json", options.service)
        if report is None:
            return _unreachable("its address cannot be reached from here")
        verdict = judge(json.loads(report.read_text(encoding="utf-8")), reviewed)
    except (AuditError, ValueError) as error:
        print(f"audit: {error}", file=sys.stderr)
        return 2
    show(verdict)
    if not verdict.audited:
        return _unreachable("it knows none of our packages; a mirror that serves packages only answers so")
    return 0 if verdict.passed else 1


def ask(into: Path, service: str) -> Path | None:
    """Run pip-audit and return the file of its report; None if the database could not be reached."""
    print(f"asking the {service} vulnerability database about every package of requirements/base.txt …", flush=True)
    done = subprocess.run(
        [
            TOOLS / "pip-audit",
            "-r",
            LOCKED,
            "--disable-pip",
            "--require-hashes",
            "-s",
            service,
            "-f",
            "json",
            "--progress-spinner",
            "off",
        ],
        capture_output=True,
        text=True,
    )
    if done.returncode not in (0, 1) or not done.stdout.lstrip().startswith("{"):
        print((done.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1][:300], file=sys.stderr)
        return None
    into.write_text(done.stdout, encoding="utf-8")
    return into


def write_bill(into: Path) -> None:
    """Write the CycloneDX bill of materials of the locked packages, with their hashes. Raises AuditError."""
    done = subprocess.run(
        [
            TOOLS / "cyclonedx-py",
            "requirements",
            LOCKED,
            "--pyproject",
            ROOT / "pyproject.toml",
            "--output-reproducible",
            "-o",
            into,
        ],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise AuditError(f"the bill of materials could not be made: {done.stderr.strip()[-300:]}")
    print(f"bill of materials: {len(json.loads(into.read_text())['components'])} packages in {into.parent.name}/{into.name}")


def show(verdict: Verdict) -> None:
    for title, lines in (
        ("reviewed, does not reach us", verdict.accepted),
        ("OPEN: update, or review it into audit/exceptions.yml", verdict.open),
        ("STALE exceptions", verdict.stale),
        ("NOT LOOKED UP", verdict.unknown[:5]),
    ):
        if lines:
            print(f"{title}:", *lines, sep="\n  ")
    print(
        f"{verdict.audited} packages looked up, {len(verdict.unknown)} not; {len(verdict.open)} open, {len(verdict.accepted)} reviewed, "
        f"{len(verdict.stale)} stale exceptions"
    )


def _unreachable(why: str) -> int:
    print(
        f"NOTHING IS KNOWN: the vulnerability database was not asked, because {why}.\nRun `make audit` where the internet can be reached, "
        "or make a report there (pip-audit -r requirements/base.txt --disable-pip --require-hashes -f json -o report.json)\n"
        "and judge it here: .venv/bin/python -m audit --report report.json",
        file=sys.stderr,
    )
    return UNREACHABLE


if __name__ == "__main__":
    sys.exit(main())
