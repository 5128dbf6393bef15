"""`bot profile` on the real model: every part of the pipeline is there and the turn was a real one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bot.settings import ROOT

pytestmark = pytest.mark.server


def test_every_component_has_its_line(server: object, tmp_path: Path) -> None:

    command = [
        sys.executable,
        "-m",
        "bot",
        "profile",
        "补社保卡要带什么",
        "--jurisdiction",
        "dagang",
        "--after",
        "你好",
        "--repeats",
        "2",
        "--picture",
        str(tmp_path / "profile.svg"),
    ]
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path / 'bot.sqlite'}"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "社保卡" in done.stdout
    picture = (tmp_path / "profile.svg").read_text(encoding="utf-8")
    assert "ServiceClassifier" in picture and "store: write" in picture
    names = [entry["name"].rpartition(".")[2] for entry in yaml.safe_load((ROOT / "config.yml").read_text("utf-8"))["pipeline"]]
    shown = [line.split("  ")[0] for line in done.stdout.splitlines()]
    for name in (*names, "RulePolicy", "action_resolve", "store: read", "store: write"):
        assert name in shown, done.stdout
