"""Training, gate, promotion, hot swap and rollback with real models, real processes and a real server; and what kill -9 leaves.

One server runs through all of it: whatever happens to models, it answers.
"""

from __future__ import annotations

import json
import shutil
import signal
import time
from pathlib import Path
from typing import Iterator

import pytest

from bot.models.registry import AUTOMATIC, Model
from bot.training import job
from tests.conftest import Server
from tests.workshop import Talk, Workshop, health, wait_until

NOTICED_SECONDS = 10.0  # until a promotion has reached a running server
DELAY_SECONDS = 0.5  # that a promotion may add to the slowest turn


@pytest.fixture(scope="module")
def serving(workshop: Workshop) -> Iterator[Server]:
    with workshop.server() as server:
        yield server


@pytest.fixture
def twin(workshop: Workshop) -> Iterator[Model]:
    """Another model file of the same content, as a candidate; afterwards the first model is promoted again."""
    first = workshop.registry.read().promoted
    assert first is not None
    copy = workshop.folder / f"{first.data_version}.tar.gz"
    shutil.copy(workshop.registry.file_of(first), copy)
    yield workshop.registry.add(copy, data_version=first.data_version, by="test", phrasings=first.phrasings)
    workshop.registry.promote(first.id, by="test")


def served(server: Server) -> object:
    return health(server).get("model")


def test_a_fresh_clone_has_promoted_its_first_model_by_itself(workshop: Workshop, serving: Server) -> None:
    contents = workshop.registry.read()
    assert contents.promoted is not None and contents.promotions[0].how == AUTOMATIC
    assert served(serving) == contents.promoted.id
    assert sorted(contents.promoted.phrasings) == ["card_activate", "card_cancel", "card_loss", "card_password", "card_replace"]
    assert serving.say("first", "社保卡怎么激活", "yuzhong")["item"] == "yuzhong-6"


def test_a_promotion_reaches_the_server_and_neither_drops_nor_delays_a_conversation(
    workshop: Workshop, serving: Server, twin: Model
) -> None:
    serving.say("goes-on", "社保卡怎么激活", "yuzhong")
    before, during = Talk(serving), Talk(serving)
    with before.going_on():
        time.sleep(6)
    with during.going_on():
        time.sleep(1)
        workshop.registry.promote(twin.id, by="test")
        seconds = wait_until(lambda: served(serving) == twin.id, NOTICED_SECONDS)
        time.sleep(2)
    print(f"noticed and loaded in {seconds:.1f} s; slowest turn {before.worst:.3f} s before, {during.worst:.3f} s during")
    assert before.failures == during.failures == [] and len(during.turns) > 20
    assert during.worst <= before.worst + DELAY_SECONDS
    assert serving.say("goes-on", "那电话多少")["item"] == "yuzhong-6"


def test_the_command_compares_promotes_and_rolls_back(workshop: Workshop, serving: Server, twin: Model) -> None:
    first = workshop.registry.read().promoted
    assert first is not None
    code, said = workshop.bot("promote", twin.id, "--reason", "试一试")
    assert code == 0, said
    entry = workshop.registry.read().promotions[-1]
    assert (entry.model, entry.replaced, entry.reason) == (twin.id, first.id, "试一试")
    wait_until(lambda: served(serving) == twin.id, NOTICED_SECONDS)
    figures = workshop.registry.get(twin.id).figures
    assert figures and figures["questions"]["n"] == 12
    code, said = workshop.bot("rollback")
    assert code == 0 and first.id in said
    wait_until(lambda: served(serving) == first.id, NOTICED_SECONDS)
    code, said = workshop.bot("models")
    assert code == 0 and "promoted" in said and "retired" in said


def test_a_damaged_file_is_not_promoted(workshop: Workshop, serving: Server, twin: Model) -> None:
    file = workshop.registry.file_of(twin)
    file.write_bytes(file.read_bytes()[:-4] + b"more")
    code, said = workshop.bot("promote", twin.id)
    assert code == 2 and twin.id in said and "hash" in said
    assert served(serving) != twin.id


def test_a_registered_file_that_is_no_good_model_is_refused_and_the_last_good_one_serves(
    workshop: Workshop, serving: Server
) -> None:
    good = served(serving)
    half = workshop.folder / "half.tar.gz"
    half.write_bytes(workshop.registry.file_of(workshop.registry.get(str(good))).read_bytes()[:500_000])
    bad = workshop.registry.add(half, data_version="0" * 12, by="test")
    workshop.registry.promote(bad.id, by="test")
    wait_until(lambda: "warning" in health(serving), NOTICED_SECONDS)
    said = health(serving)
    assert said["status"] == "ok" and said["model"] == good and bad.id in str(said["warning"])
    assert serving.say("still", "社保卡怎么激活", "yuzhong")["item"] == "yuzhong-6"
    wait_until(lambda: workshop.registry.get(bad.id).refused, NOTICED_SECONDS)
    workshop.registry.roll_back(by="test")
    wait_until(lambda: "warning" not in health(serving), NOTICED_SECONDS)
    assert served(serving) == good


def test_a_server_that_starts_beside_a_damaged_promoted_file_and_a_strangers_serves_the_last_good_one(
    workshop: Workshop, twin: Model
) -> None:
    good = workshop.registry.read().promoted
    assert good is not None
    stranger = workshop.settings.models / "zzz.tar.gz"
    shutil.copy(workshop.registry.file_of(good), stranger)
    workshop.registry.promote(twin.id, by="test")
    workshop.registry.file_of(twin).write_bytes(b"no model")
    try:
        with workshop.server() as server:
            said = health(server)
            assert said["model"] == good.id and twin.id in str(said["warning"])
        assert workshop.bot("promote", "zzz")[0] == 2
        assert "zzz.tar.gz: unknown, never served" in workshop.bot("models")[1]
    finally:
        stranger.unlink()


def test_kill_9_in_the_middle_of_a_promotion_leaves_an_intact_registry(workshop: Workshop, serving: Server, twin: Model) -> None:
    for seconds in (0.8, 2.0, 3.5):
        process = workshop.start("promote", twin.id)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        promoted = json.loads(workshop.registry.path.read_text(encoding="utf-8"))["promotions"][-1]["model"]
        assert workshop.registry.verified(workshop.registry.get(promoted))
        wait_until(lambda: served(serving) == workshop.registry.read().promotions[-1].model, NOTICED_SECONDS)


def test_kill_9_in_the_middle_of_a_training_leaves_all_as_it_was_and_says_so(workshop: Workshop, serving: Server) -> None:
    settings, before = workshop.settings, workshop.registry.path.read_bytes()
    process = workshop.start("train", "--force")
    wait_until(lambda: any(event["stage"] == "train" for event in job.status(settings).events), 120)
    assert job.status(settings).running
    code, said = workshop.bot("train", "--force")
    assert code == 2 and "somebody else" in said
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert job.status(settings).died
    assert workshop.registry.path.read_bytes() == before
    assert serving.say("after", "社保卡怎么激活", "yuzhong")["item"] == "yuzhong-6"


def test_a_candidate_without_a_services_phrasings_is_blocked_by_name_until_overridden_with_a_reason(
    workshop: Workshop, serving: Server
) -> None:
    first = workshop.registry.read().promoted
    assert first is not None
    path = workshop.phrasings_of("card_loss")
    kept = path.read_bytes()
    path.unlink()
    try:
        code, said = workshop.bot("train", "--evaluate")
    finally:
        path.write_bytes(kept)
    assert code == 0, said
    assert not list(workshop.settings.models.glob(".training-*"))
    worse = list(workshop.registry.read().models.values())[-1]
    assert worse.id != first.id and worse.blocked and "社会保障卡挂失与解挂" in "".join(worse.blocked)
    code, said = workshop.bot("promote", worse.id)
    assert code == 1 and "社会保障卡挂失与解挂" in said and served(serving) == first.id
    code, said = workshop.bot("promote", worse.id, "--override")
    assert code == 1 and "reason" in said
    code, said = workshop.bot("promote", worse.id, "--override", "--reason", "挂失改由银行办理")
    assert code == 0, said
    entry = workshop.registry.read().promotions[-1]
    assert entry.reason == "挂失改由银行办理" and "社会保障卡挂失与解挂" in "".join(entry.overruled)
    wait_until(lambda: served(serving) == worse.id, NOTICED_SECONDS)
    assert workshop.bot("rollback")[0] == 0
    wait_until(lambda: served(serving) == first.id, NOTICED_SECONDS)


def test_a_file_that_is_no_model_is_not_taken_in(workshop: Workshop, tmp_path: Path) -> None:
    (tmp_path / "no.tar.gz").write_text("no model")
    code, said = workshop.bot("models", "--add", str(tmp_path / "no.tar.gz"))
    assert code == 2 and "no model" in said
