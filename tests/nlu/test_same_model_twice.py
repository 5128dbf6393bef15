"""bot.training.compare_models, and that training twice on the same data gives the same."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import numpy as np

from bot.settings import ROOT
from bot.training.compare_models import differences


def _archive(path: Path, weights: np.ndarray, **more: Any) -> Path:
    arrays = io.BytesIO()
    np.savez(arrays, weights=weights, labels=np.array(["a"]))
    metadata = {
        "trained_at": path.name,
        "nodes": {"x": {"output_fingerprint": path.name}},
        "rules_not_in_stories": [path.name[0], "r"],
    }
    files = {"components/c/c.npz": arrays.getvalue(), "metadata.json": json.dumps({**metadata, **more}).encode()}
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def test_only_what_a_model_does_makes_a_difference(tmp_path: Path) -> None:
    one = _archive(tmp_path / "1.tar.gz", np.array([1.0, 2.0]), rules_not_in_stories=["r", "s"])
    assert differences(one, _archive(tmp_path / "2.tar.gz", np.array([1.0, 2.0]), rules_not_in_stories=["s", "r"])) == []
    nudged = np.nextafter(np.array([1.0, 2.0]), 3)
    other = _archive(tmp_path / "3.tar.gz", nudged, rules_not_in_stories=["r"])
    assert differences(one, other) == ["components/c/c.npz weights", "metadata.json"]


_FIT = """
import hashlib, json, sys
from pathlib import Path
from bot.serving.lean_imports import import_rasa
import_rasa()
from bot.evaluation.pipeline import class_name, train_component, training_message
from rasa.shared.nlu.training_data.training_data import TrainingData
configuration, examples = json.loads(sys.stdin.read())
data = TrainingData([training_message(*example) for example in examples])
for entry in configuration:
    folder = Path(sys.argv[1]) / class_name(entry)
    folder.mkdir(parents=True)
    data = train_component(entry, data, folder).process_training_data(data)
"""


def test_two_trainings_in_two_processes_learn_the_same_bit_by_bit(configuration: list[dict[str, Any]], tmp_path: Path) -> None:
    from tests.nlu.conftest import examples

    for run, seed in (("one", "1"), ("other", "2")):
        given = json.dumps([configuration, examples()])
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-W", "ignore", "-c", _FIT, str(tmp_path / run)]
        done = subprocess.run(command, input=given, text=True, capture_output=True, env=environment, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
    learned = [sorted(path for path in (tmp_path / run).rglob("*") if path.is_file()) for run in ("one", "other")]
    assert [p.relative_to(tmp_path / "one") for p in learned[0]] == [p.relative_to(tmp_path / "other") for p in learned[1]]
    assert {path.suffix for path in learned[0]} == {".npz", ".npy", ".json"}
    for one, other in zip(*learned):
        if one.suffix == ".npz":
            with np.load(one) as left, np.load(other) as right:
                assert left.files == right.files
                assert all(left[name].tobytes() == right[name].tobytes() for name in left.files), one.name
        else:
            assert one.read_bytes() == other.read_bytes(), one.name
