"""bot.models.registry: what is known of models survives everything but its own folder's loss; nothing unknown is served."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.errors import ModelError
from bot.models.registry import AUTOMATIC, KEPT, Model, Registry

WRITE_FOREVER = """
import sys
from pathlib import Path
from bot.models.registry import Registry
registry = Registry(Path(sys.argv[1]))
number = 0
registry.folder.mkdir(exist_ok=True)
while True:
    number += 1
    file = registry.folder / "new"
    file.write_bytes(b"model %d" % number)
    model = registry.add(file, data_version="a" * 12, by="test")
    registry.note(model.id, figures={"number": number})
    registry.promote(model.id, by="test")
"""


def add(registry: Registry, content: str = "content", version: str = "0" * 12) -> Model:
    registry.folder.mkdir(exist_ok=True)
    file = registry.folder / "trained"
    file.write_text(content)
    return registry.add(file, data_version=version, by="test", phrasings={"card": 40})


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "models")


def test_the_registry_is_for_its_owner_only(registry: Registry) -> None:
    model = add(registry)
    registry.promote(model.id, by="李工", reason="试用")
    assert {path.name: path.stat().st_mode & 0o777 for path in registry.folder.glob("*.json")} == {
        "registry.json": 0o600,
        "registry.backup.json": 0o600,
    }


def test_a_folder_without_a_registry_has_no_model(registry: Registry) -> None:
    contents = registry.read()
    assert contents.promoted is None and not contents.models and registry.stamp() == ()


def test_models_trained_in_the_same_second_have_different_ids(registry: Registry) -> None:
    made = [add(registry, f"content {n}") for n in range(3)]
    assert len({model.id for model in made}) == 3
    assert [registry.verified(model).read_text() for model in made] == ["content 0", "content 1", "content 2"]


def test_what_is_written_is_read_and_the_stamp_changes(registry: Registry) -> None:
    model = add(registry)
    before = registry.stamp()
    registry.note(model.id, figures={"questions": {"top1": 98.1}}, blocked=["服务「社保卡」"])
    registry.promote(model.id, by="张敏", reason="好", overruled=("服务「社保卡」",))
    contents = registry.read()
    assert registry.stamp() != before
    assert contents.promoted == contents.models[model.id]
    assert contents.promoted.figures == {"questions": {"top1": 98.1}} and contents.promoted.phrasings == {"card": 40}
    last = contents.last_promotion(model)
    assert last and (last.by, last.reason, last.overruled, last.replaced) == ("张敏", "好", ("服务「社保卡」",), None)


def test_states_follow_promotions(registry: Registry) -> None:
    first, second, third = (add(registry, text) for text in "abc")
    registry.promote(first.id, by="bot run", how=AUTOMATIC)
    assert not registry.read().chosen_by_person
    registry.promote(second.id, by="test")
    contents = registry.read()
    assert [contents.state(model) for model in (first, second, third)] == ["retired", "promoted", "candidate"]
    assert contents.chosen_by_person


def test_roll_back_goes_back_step_by_step_and_ends(registry: Registry) -> None:
    models = [add(registry, text) for text in "abc"]
    for model in models:
        registry.promote(model.id, by="test")
    assert registry.roll_back(by="test").model == models[1].id
    assert registry.roll_back(by="test").model == models[0].id
    with pytest.raises(ModelError, match="no earlier model"):
        registry.roll_back(by="test")
    registry.promote(models[2].id, by="test")
    assert registry.roll_back(by="test").model == models[0].id


def test_roll_back_passes_over_a_damaged_model(registry: Registry) -> None:
    models = [add(registry, text) for text in "abc"]
    for model in models:
        registry.promote(model.id, by="test")
    registry.file_of(models[1]).unlink()
    assert registry.roll_back(by="test").model == models[0].id


@pytest.mark.parametrize(
    "damage, said",
    [
        (lambda path: path.unlink(), "is missing"),
        (lambda path: path.write_text("cont"), "truncated"),
        (lambda path: path.write_text("CONTENT"), "hash differs"),
    ],
)
def test_a_file_that_is_not_the_registered_one_is_refused(registry: Registry, damage: object, said: str) -> None:
    model = add(registry)
    damage(registry.file_of(model))  # type: ignore[operator]
    with pytest.raises(ModelError, match=said):
        registry.verified(model)
    with pytest.raises(ModelError, match=said):
        registry.promote(model.id, by="test")
    assert registry.read().promoted is None


def test_an_unknown_or_ambiguous_model_is_named(registry: Registry) -> None:
    one, other = add(registry, "a"), add(registry, "b", "123456789abc")
    with pytest.raises(ModelError, match="«nothing» is unknown"):
        registry.get("nothing")
    with pytest.raises(ModelError, match="ambiguous"):
        registry.get("-")
    assert registry.get("123456789abc") == other and registry.get(one.id) == one


def test_old_files_are_deleted_but_not_those_that_serve_or_rollbacks_want(registry: Registry) -> None:
    first, second = add(registry, "first"), add(registry, "second")
    registry.promote(first.id, by="test")
    registry.promote(second.id, by="test")
    made = [add(registry, f"{number}") for number in range(KEPT + 2)]
    models = registry.read().models
    assert [models[model.id].deleted for model in made] == [True, True] + [False] * KEPT
    assert registry.verified(first) and registry.verified(second)
    assert len(list(registry.folder.glob("*.tar.gz"))) == KEPT + 2


def test_a_damaged_registry_is_read_from_its_backup(registry: Registry) -> None:
    model = add(registry)
    registry.promote(model.id, by="test")
    registry.note(model.id, figures={"n": 1})
    registry.path.write_text('{"format": 1, "mod')
    assert registry.read().promoted == model
    registry.note(model.id, figures={"n": 2})
    assert json.loads(registry.path.read_text())["models"][model.id]["figures"] == {"n": 2}


def test_without_a_backup_a_damaged_registry_says_what_to_do(registry: Registry) -> None:
    registry.folder.mkdir()
    registry.path.write_text("[]")
    with pytest.raises(ModelError, match="put a good copy back"):
        registry.read()


def test_kill_9_at_any_moment_leaves_a_registry_whose_promoted_model_is_sound(registry: Registry) -> None:
    for delay in (0.0, 0.013, 0.029, 0.051, 0.077):
        writer = subprocess.Popen([sys.executable, "-c", WRITE_FOREVER, str(registry.folder)])
        deadline, before = time.monotonic() + 30, len(registry.read().promotions)
        while len(registry.read().promotions) < before + 2:
            assert time.monotonic() < deadline and writer.poll() is None
            time.sleep(0.001)
        time.sleep(delay)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        contents = json.loads(registry.path.read_text(encoding="utf-8"))
        assert contents["promotions"]
        promoted = registry.read().promoted
        assert promoted is not None and registry.verified(promoted)
        assert registry.promote(promoted.id, by="test").replaced == promoted.id
    assert not list(registry.folder.glob(".registry.json.*"))
