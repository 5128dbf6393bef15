"""Without a browser, `make test` says so loudly, tries to get one, and reports the rest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.settings import ROOT
from tests import chromium


def test_without_a_browser_the_report_says_so_and_the_rest_is_run() -> None:
    tests = ["tests/web/test_chat_page.py::test_type_sizes_are_kept", "tests/test_text.py"]
    command = [sys.executable, "-m", "pytest", *tests]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "CHROMIUM": "/nowhere/chromium"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "THE PAGES WERE NOT TESTED" in done.stdout and "1 tests were skipped" in done.stdout and "passed" in done.stdout


def test_a_missing_browser_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    browser, installer = tmp_path / "chromium", tmp_path / "apt-get"
    installer.write_text(f"#!/bin/sh\n[ $1 = install ] && : > {browser}\n/bin/chmod +x {browser}\n")
    installer.chmod(0o755)
    assert chromium.find_or_install(str(tmp_path / "no such file")) == str(browser)
    assert "no Chromium is here; running apt-get install" in capsys.readouterr().err


def test_where_nothing_can_be_installed_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(chromium, "_ways", lambda: [[str(tmp_path / "missing")], ["/bin/false"]])
    assert chromium.find_or_install(str(tmp_path / "no such file")) is None
