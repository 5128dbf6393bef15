"""bot.training.packing: archives are packed quickly, by Rasa's own class, too, and read back the same."""

from __future__ import annotations

import os
import tarfile
import zlib
from pathlib import Path

import pytest
from tarsafe import TarSafe

from bot.training.packing import LEVEL, quick_packing


def packed(folder: Path, content: bytes) -> bytes:
    """Return the archive that Rasa's way of packing makes of one file."""
    (folder / "array").write_bytes(content)
    with TarSafe.open(folder / "model.tar.gz", "w:gz") as archive:
        archive.add(folder / "array", arcname="array")
    return (folder / "model.tar.gz").read_bytes()


def test_archives_are_packed_at_the_quick_level_meanwhile(tmp_path: Path) -> None:
    content = os.urandom(3000) * 40
    with quick_packing():
        quick = packed(tmp_path, content)
    slow = packed(tmp_path, content)
    assert (quick[8], slow[8]) == (0, 2)  # gzip's byte for the level: 2 the slowest, 4 the fastest, 0 between
    tar = zlib.decompress(quick, 31)
    assert content in tar
    pack = zlib.compressobj(LEVEL, zlib.DEFLATED, -15)
    assert len(quick) == pytest.approx(len(pack.compress(tar) + pack.flush()), abs=64)


def test_what_failed_leaves_the_level_as_it_was(tmp_path: Path) -> None:
    before = tarfile.TarFile.gzopen
    with pytest.raises(KeyError), quick_packing():
        raise KeyError
    assert tarfile.TarFile.gzopen == before
