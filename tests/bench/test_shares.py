"""bench.shares: a process gets its share of a core and no more, and is free again afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Iterator

import pytest

from bench.servers import processor
from bench.shares import shares


@pytest.fixture
def busy() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    yield process.pid
    process.kill()
    process.wait()


def test_a_process_gets_its_share_and_is_free_afterwards(busy: int) -> None:
    try:
        with shares([busy], 0.1):
            before, begun = processor(busy), time.monotonic()
            time.sleep(1.5)
            assert processor(busy) - before <= 0.2 * (time.monotonic() - begun)
    except RuntimeError as error:
        pytest.skip(str(error))
    groups = Path(f"/proc/{busy}/cgroup").read_text()
    assert f"bench-{busy}" not in groups


def test_where_groups_cannot_be_made_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "cpu").write_text("no folder")
    monkeypatch.setattr("bench.shares.ROOT", tmp_path / "cpu")
    with pytest.raises(RuntimeError, match="cannot be used"), shares([os.getpid()], 0.5):
        pass
