"""`bot users`: accounts from the command line; a password never stands on it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.settings import ROOT


@pytest.fixture
def bot(tmp_path: Path):
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path / 'bot.sqlite'}"}

    def run(*arguments: str, typed: str = "") -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "bot", "users", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, input=typed, capture_output=True, text=True)

    return run


def test_accounts_are_added_listed_shut_and_given_passwords(bot) -> None:
    assert "no accounts yet" in bot("list").stdout
    assert bot("add", "张敏", "--role", "hotline", "--role", "trainer", typed="a long password\n").returncode == 0
    assert "hotline, trainer" in bot("list").stdout
    again = bot("add", "张敏", "--role", "admin", typed="a long password\n")
    assert again.returncode == 2 and "already" in again.stderr
    assert bot("disable", "张敏").returncode == 0
    assert "(disabled)" in bot("list").stdout
    assert bot("password", "张敏", typed="too short\n").returncode == 2
    assert bot("password", "张敏", typed="another password\n").returncode == 0
    assert bot("enable", "nobody").returncode == 2
