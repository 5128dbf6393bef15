"""What `bot run` serves when the files change: the files' model, until a person has chosen one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

import pytest

from bot.errors import BotError
from bot.models.registry import AUTOMATIC, PERSON, Model, Registry
from bot.settings import Settings
from bot.training import job, prepare


class World:
    """The files' data version, a training that only writes a file, and what was said."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.registry = settings, Registry(settings.models)
        self.version, self.trainings, self.said = "0" * 12, 0, []
        self.failure: str | None = None

    def train(self, settings: Settings, **_: Any) -> None:
        if self.failure:
            raise BotError(self.failure)
        self.trainings += 1
        self.candidate()

    def candidate(self) -> Model:
        settings = self.settings
        settings.models.mkdir(exist_ok=True)
        file = settings.models / "trained"
        file.write_text(f"{self.version} {self.trainings}")
        return self.registry.add(file, data_version=self.version, by="test")

    def start(self) -> bool:
        return prepare.promote_what_is_due(self.settings, say=self.said.append)

    @property
    def promoted(self) -> Model:
        found = self.registry.read().promoted
        assert found is not None
        return found


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(Settings(models=tmp_path / "models"))
    monkeypatch.setattr(job, "run_apart", made.train)
    monkeypatch.setattr(prepare, "data_version", lambda settings: made.version)
    yield made


def test_a_fresh_clone_trains_and_promotes_the_first_model(world: World) -> None:
    assert world.start() is False
    assert world.trainings == 1 and world.promoted.data_version == world.version
    assert world.registry.read().promotions[-1].how == AUTOMATIC and "the first model" in world.said[-1]


def test_nothing_happens_while_the_files_stay(world: World) -> None:
    world.start()
    before = world.registry.stamp()
    assert world.start() is False and world.trainings == 1 and world.registry.stamp() == before


def test_changed_files_are_trained_and_served_while_nobody_has_chosen(world: World) -> None:
    world.start()
    world.version = "1" * 12
    assert world.start() is False
    assert world.trainings == 2 and world.promoted.data_version == "1" * 12 and "the files changed" in world.said[-1]


def test_a_model_of_the_files_that_is_there_is_not_trained_again(world: World) -> None:
    world.start()
    world.version = "1" * 12
    made = world.candidate()
    world.start()
    assert world.trainings == 1 and world.promoted == made


def test_a_chosen_model_stays_and_a_candidate_is_asked_for(world: World) -> None:
    world.start()
    chosen = world.candidate()
    world.registry.promote(chosen.id, by="张敏", how=PERSON)
    world.version = "1" * 12
    assert world.start() is True
    assert world.promoted.id == chosen.id and world.trainings == 1 and "张敏" in world.said[-1]
    world.candidate()
    assert world.start() is False and world.promoted.id == chosen.id


def test_a_blocked_candidate_is_never_promoted_automatically(world: World) -> None:
    world.start()
    first = world.promoted
    world.version = "1" * 12
    world.registry.note(world.candidate().id, blocked=["服务「社保卡」"])
    world.start()
    assert world.promoted == first and "服务「社保卡」" in world.said[-1]


def test_a_damaged_model_of_the_files_is_trained_anew(world: World) -> None:
    world.start()
    first = world.promoted
    world.version = "1" * 12
    world.registry.file_of(world.candidate()).write_text("broken")
    world.start()
    assert world.trainings == 2 and world.promoted.id != first.id and world.registry.verified(world.promoted)


def test_a_training_that_fails_leaves_the_old_model_serving(world: World) -> None:
    world.start()
    first = world.promoted
    world.version, world.failure = "1" * 12, "block 3 is malformed"
    assert world.start() is False
    assert world.promoted == first and "block 3 is malformed" in world.said[-1]


def test_without_any_model_a_failed_training_is_an_error(world: World) -> None:
    world.failure = "block 3 is malformed"
    with pytest.raises(BotError, match="block 3"):
        world.start()


def test_if_no_promoted_model_can_be_loaded_a_new_one_is_trained(world: World) -> None:
    world.start()
    first = world.promoted
    world.registry.promote(first.id, by="张敏")
    prepare.replace_all_bad(world.settings, say=world.said.append)
    assert world.trainings == 2 and world.promoted.id != first.id and "could be loaded" in world.said[-1]
