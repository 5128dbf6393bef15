"""Whether two trained models are the same: every component's files, arrays bit by bit."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np

# What says when and under which name something was trained; the rest of an archive decides what the model does.
_OF_THE_MOMENT = {"trained_at", "model_id", "output_fingerprint"}
_SETS = {"rules_not_in_stories"}  # Rasa keeps these as sets and writes them as lists, in the order of the moment


def differences(one: Path, other: Path) -> list[str]:
    """Return what differs between two model archives, one line a file or array; [] if the two do the same."""
    left, right = _files(one), _files(other)
    found = [f"{name}: only in {(one if name in left else other).name}" for name in sorted(left.keys() ^ right.keys())]
    for name in sorted(left.keys() & right.keys()):
        if left[name] != right[name]:
            found += [f"{name}{detail}" for detail in _details(name, left[name], right[name])]
    return found


def _files(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as packed:
        return {entry.name.lstrip("/"): packed.extractfile(entry).read() for entry in packed if entry.isfile()}  # type: ignore[union-attr]


def _details(name: str, left: bytes, right: bytes) -> list[str]:
    if name.endswith(".npz"):
        one, other = _arrays(left), _arrays(right)
        return [
            f" {key}" for key in sorted({*one, *other}) if key not in one or key not in other or not _same(one[key], other[key])
        ]
    if name.endswith(".json"):
        return [] if _plain(json.loads(left)) == _plain(json.loads(right)) else [""]
    return [""]


def _arrays(content: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(content)) as file:
        return {key: file[key] for key in file.files}


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


def _plain(content: Any) -> Any:
    if isinstance(content, dict):
        known = {key: value for key, value in content.items() if key not in _OF_THE_MOMENT}
        return {key: sorted(value) if key in _SETS else _plain(value) for key, value in known.items()}
    return [_plain(value) for value in content] if isinstance(content, list) else content
