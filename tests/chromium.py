"""Find a Chromium for the pages' tests, or get one: Debian's package where that is allowed, else playwright's download."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Optional

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL_SECONDS = 300
MISSING = "NO BROWSER: the pages are NOT tested. Install chromium, or set CHROMIUM to a browser's path."


def find(own: str) -> Optional[str]:
    """Return the path of a browser: $CHROMIUM and nothing else if it is set, the system's, or playwright's `own`."""
    given = os.environ.get("CHROMIUM")
    candidates = [given] if given else [*map(shutil.which, NAMES), own]
    return next((path for path in candidates if path and Path(path).exists()), None)


def find_or_install(own: str) -> Optional[str]:
    """Return the path of a browser, which is installed if it is missing; None if none can be had here."""
    if find(own) or os.environ.get("CHROMIUM"):
        return find(own)
    for command in _ways():
        print(f"\nno Chromium is here; running {' '.join(command)} …", file=sys.stderr, flush=True)
        try:
            subprocess.run(command, timeout=INSTALL_SECONDS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        except (OSError, subprocess.SubprocessError):
            continue
        if find(own):
            return find(own)
    return None


def _ways() -> list[list[str]]:
    ways = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get") and os.geteuid() == 0:
        ways.insert(0, ["apt-get", "install", "-y", "--no-install-recommends", "chromium", "fonts-noto-cjk"])
    return ways
