"""bot.files: one writer at a time; a killed writer leaves the old text or the new one."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bot.files import BusyError, locked, write

WRITE_FOREVER = """
import sys
from pathlib import Path
from bot.files import locked, write
path, number = Path(sys.argv[1]), 0
while True:
    number += 1
    with locked(path.parent):
        write(path, f"{number}\\n" * 20000)
"""


def test_a_file_keeps_its_mode_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.yml"
    path.write_text("old")
    path.chmod(0o640)
    write(path, "new\n")
    assert path.read_bytes() == b"new\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [p.name for p in tmp_path.iterdir()] == ["a.yml"]


def test_a_killed_writer_leaves_a_whole_file_and_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "a.yml"
    for delay in (0.05, 0.11, 0.17):
        process = subprocess.Popen([sys.executable, "-c", WRITE_FOREVER, str(path)])
        while not path.exists():
            time.sleep(0.01)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        lines = path.read_text().splitlines()
        assert len(lines) == 20000 and len(set(lines)) == 1
    with locked(tmp_path, seconds=0.2):
        write(path, "after")
    assert [p.name for p in tmp_path.iterdir()] == ["a.yml"]


def test_a_second_writer_waits_and_gives_up_in_the_end(tmp_path: Path) -> None:
    order = []
    with locked(tmp_path):
        with pytest.raises(BusyError):
            with locked(tmp_path, seconds=0.05):
                raise AssertionError("two writers at once")

        def second() -> None:
            with locked(tmp_path):
                order.append("second")

        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.1)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
