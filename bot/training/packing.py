"""Rasa packs a model with gzip's slowest level: fifteen seconds and more for the arrays, to save one twentieth of the file."""

from __future__ import annotations

import contextlib
import tarfile
from typing import Any, Iterator

LEVEL = 3


@contextlib.contextmanager
def quick_packing() -> Iterator[None]:
    """Let archives that are written meanwhile be packed at LEVEL, unless their writer names another."""
    pack = tarfile.TarFile.gzopen

    def quick(cls: Any, name: Any, mode: Any = "r", fileobj: Any = None, compresslevel: int = LEVEL, **more: Any) -> Any:
        return pack.__func__(cls, name, mode, fileobj, compresslevel, **more)  # type: ignore[attr-defined]

    tarfile.TarFile.gzopen = classmethod(quick)  # type: ignore[assignment]
    try:
        yield
    finally:
        tarfile.TarFile.gzopen = pack  # type: ignore[method-assign]
