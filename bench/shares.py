"""Give each process a fixed share of a core, so that on a small machine several are measured as if each had a core of its own.

Linux control groups, version 1 or 2; needs the right to make one (root).
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import Iterable, Iterator

ROOT = Path("/sys/fs/cgroup")
# Microseconds; short, so that a process that used up its share waits a few milliseconds and not a tenth of a second.
PERIOD = 10_000


@contextmanager
def shares(pids: Iterable[int], share: float) -> Iterator[None]:
    """Let each process have `share` of a core at most. Raises RuntimeError where control groups cannot be made."""
    made: list[tuple[Path, int]] = []
    try:
        for pid in pids:
            folder = _group(f"bench-{pid}", share)
            made.append((folder, pid))
            (folder / "cgroup.procs").write_text(str(pid))
        yield
    except OSError as error:
        raise RuntimeError(f"control groups cannot be used here: {error}") from error
    finally:
        for folder, pid in made:
            if Path(f"/proc/{pid}").exists():
                (folder.parent / "cgroup.procs").write_text(str(pid))
            folder.rmdir()


def _group(name: str, share: float) -> Path:
    """Make the group; return its folder."""
    quota = max(1000, round(PERIOD * share))
    old = ROOT / "cpu"
    folder = (old if old.is_dir() else ROOT) / name
    os.makedirs(folder, exist_ok=True)
    if old.is_dir():
        (folder / "cpu.cfs_period_us").write_text(str(PERIOD))
        (folder / "cpu.cfs_quota_us").write_text(str(quota))
    else:
        (folder / "cpu.max").write_text(f"{quota} {PERIOD}")
    return folder
