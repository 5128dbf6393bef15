"""bot.training.phrasing_editor: the files under data/nlu change by exactly the phrasing that was meant."""

from __future__ import annotations

import difflib
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import yaml

from bot.errors import RequestError
from bot.settings import ROOT
from bot.training.phrasing_editor import Add, AlreadyThereError, ConflictError, Delete, Located, Replace, apply, tidy
from bot.training.phrasing_file import Label, PhrasingFile
from bot.training.phrasings import read_phrasings

SERVICES = {"card_replace", "card_loss", "retirement", "brand_new"}
MATERIALS = Label("ask_materials", "card_replace")
SCOPE = Label("out_of_scope")
OLD = "补卡 户口本"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "nlu"
    (target / "services").mkdir(parents=True)
    for name in ("services/card_replace.yml", "services/card_loss.yml", "out_of_scope.yml", "followups.yml", "dialogue.yml"):
        shutil.copy(ROOT / "data" / "nlu" / name, target / name)
    return target


def snapshot(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in folder.rglob("*.yml")}


def differences(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Return the changed lines, as a git diff shows them, without its headers."""
    lines = []
    for name in sorted(before.keys() | after.keys()):
        one, two = before.get(name, "").splitlines(), after.get(name, "").splitlines()
        lines += [line for line in difflib.ndiff(one, two) if line[0] in "+-"]
    return lines


def texts(folder: Path, label: Label) -> list[str]:
    return [p.text for p in read_phrasings(folder) if (p.intent, p.service) == (label.intent, label.service)]


@pytest.mark.parametrize("path", sorted((ROOT / "data" / "nlu").rglob("*.yml")), ids=lambda path: path.stem)
def test_every_file_is_understood_as_yaml_says(path: Path) -> None:
    file = PhrasingFile(path.read_text(encoding="utf-8"))
    meant = [(label.intent, label.service, text) for label in file.labels() for text in file.phrasings(label)]
    assert meant == [(p.intent, p.service, p.text) for p in read_phrasings(path.parent) if p.file == path]
    assert file.text == path.read_text(encoding="utf-8")


def test_an_added_phrasing_is_one_line_at_the_end_of_its_block(folder: Path) -> None:
    before = snapshot(folder)
    apply(folder, [Add(MATERIALS, "卡被狗咬了 补一张带啥")], SERVICES)
    assert differences(before, snapshot(folder)) == ["+     - 卡被狗咬了 补一张带啥"]
    assert texts(folder, MATERIALS)[-1] == "卡被狗咬了 补一张带啥"


def test_an_edited_phrasing_stays_in_its_line(folder: Path) -> None:
    before, place = snapshot(folder), texts(folder, MATERIALS).index(OLD)
    apply(folder, [Replace(Located(MATERIALS, OLD), Located(MATERIALS, "补卡：要户口本 # 吗？"))], SERVICES)
    assert differences(before, snapshot(folder)) == [f"-     - {OLD}", "+     - 补卡：要户口本 # 吗？"]
    assert texts(folder, MATERIALS)[place] == "补卡：要户口本 # 吗？"


def test_a_moved_phrasing_leaves_one_file_and_enters_the_other(folder: Path) -> None:
    before, target = snapshot(folder), Label("ask_phone", "card_loss")
    apply(folder, [Replace(Located(MATERIALS, OLD), Located(target, OLD))], SERVICES)
    assert sorted(differences(before, snapshot(folder))) == [f"+     - {OLD}", f"-     - {OLD}"]
    assert OLD not in texts(folder, MATERIALS) and texts(folder, target)[-1] == OLD


def test_a_deleted_phrasing_is_one_line_less_and_the_last_of_a_block_takes_it_along(folder: Path) -> None:
    before = snapshot(folder)
    apply(folder, [Delete(Located(MATERIALS, OLD))], SERVICES)
    assert differences(before, snapshot(folder)) == [f"-     - {OLD}"]
    apply(folder, [Delete(Located(MATERIALS, text)) for text in texts(folder, MATERIALS)], SERVICES)
    content = yaml.safe_load((folder / "services" / "card_replace.yml").read_text(encoding="utf-8"))
    assert [block["intent"] for block in content["nlu"]][0] == "ask_process"
    apply(folder, [Add(MATERIALS, OLD)], SERVICES)
    content = yaml.safe_load((folder / "services" / "card_replace.yml").read_text(encoding="utf-8"))
    assert content["nlu"][0] == {"intent": "ask_materials", "metadata": {"service": "card_replace"}, "examples": f"- {OLD}\n"}


def test_a_service_without_a_file_gets_one_and_loses_it_with_its_last_phrasing(folder: Path) -> None:
    new = Located(Label("ask_time", "brand_new"), "新事儿几点办")
    apply(folder, [Add(new.label, new.text), Add(Label("ask_materials", "brand_new"), "新事儿带啥")], SERVICES)
    path = folder / "services" / "brand_new.yml"
    assert path.read_text(encoding="utf-8").splitlines()[:7] == [
        'version: "3.1"',
        "nlu:",
        "- intent: ask_materials",
        "  metadata:",
        "    service: brand_new",
        "  examples: |",
        "    - 新事儿带啥",
    ]
    assert [(p.intent, p.text) for p in read_phrasings(folder) if p.service == "brand_new"][-1] == ("ask_time", "新事儿几点办")
    apply(folder, [Delete(new), Delete(Located(Label("ask_materials", "brand_new"), "新事儿带啥"))], SERVICES)
    assert not path.exists()


def test_out_of_scope_goes_where_it_belongs(folder: Path) -> None:
    before = snapshot(folder)
    apply(folder, [Add(SCOPE, "给我算算明年运势行吗")], SERVICES)
    assert differences(before, snapshot(folder)) == ["+     - 给我算算明年运势行吗"]
    assert "给我算算明年运势行吗" in (folder / "out_of_scope.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("label", "text", "why"),
    [
        (MATERIALS, "  ", "空"),
        (MATERIALS, "带[身份证](document)吗", "括号"),
        (MATERIALS, "/restart", "斜杠"),
        (MATERIALS, "问" * 501, "501"),
        (MATERIALS, "社保卡\uffff丢了", "看不见"),
        (MATERIALS, "社保卡\U0001fffe丢了", "看不见"),
        (MATERIALS, "社保卡\ufdd0丢了", "看不见"),
        (MATERIALS, "社保卡\x07丢了", "看不见"),
        (MATERIALS, "身份证11010519491231002X的卡丢了", "证件号或电话"),
        (MATERIALS, "补好了打138 1234 ５６７８叫我", "证件号或电话"),
        (MATERIALS, "补好了打〔号码已隐去〕叫我", "证件号或电话"),
        (Label("ask_materials", "no_such"), "带啥", "no_such"),
        (Label("ask_moon", "card_replace"), "带啥呀这是", "ask_moon"),
        (Label("ask_materials"), "带啥呀这是", "ask_materials"),
        (Label("no_such_intent"), "带啥呀这是", "no_such_intent"),
    ],
)
def test_what_cannot_stand_is_refused_and_nothing_is_written(folder: Path, label: Label, text: str, why: str) -> None:
    before = snapshot(folder)
    with pytest.raises(RequestError, match=why):
        apply(folder, [Add(MATERIALS, "这一条本身没有问题哟"), Add(label, text)], SERVICES)
    assert snapshot(folder) == before


def test_what_yaml_would_not_read_back_is_not_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.training.phrasing_editor._Session._checked", lambda self, new, replacing: new)
    before = snapshot(folder)
    for text in ("社保卡\uffff丢了", "社保卡\x85丢了"):
        with pytest.raises(RequestError, match="没有写入"):
            apply(folder, [Delete(Located(MATERIALS, OLD)), Add(MATERIALS, text)], SERVICES)
        assert snapshot(folder) == before


def test_a_number_is_not_repeated_in_the_refusal_and_public_ones_stay(folder: Path) -> None:
    with pytest.raises(RequestError) as refused:
        apply(folder, [Replace(Located(MATERIALS, OLD), Located(MATERIALS, "补卡 13812345678"))], SERVICES)
    assert "13812345678" not in str(refused.value)
    apply(folder, [Add(MATERIALS, "补卡材料打12345问得到吗")], SERVICES)


def test_the_same_words_twice_are_refused_with_the_place_where_they_stand(folder: Path) -> None:
    with pytest.raises(AlreadyThereError) as caught:
        apply(folder, [Add(Label("ask_where", "card_loss"), "补卡，户口本！")], SERVICES)
    assert caught.value.other == Located(MATERIALS, OLD)
    apply(folder, [Replace(Located(MATERIALS, OLD), Located(MATERIALS, "补卡，户口本！"))], SERVICES)


def test_the_second_of_two_trainers_is_told_and_the_first_ones_words_stay(folder: Path) -> None:
    apply(folder, [Replace(Located(MATERIALS, OLD), Located(MATERIALS, "第一个人的话"))], SERVICES)
    before = snapshot(folder)
    for late in (Replace(Located(MATERIALS, OLD), Located(MATERIALS, "第二个人的话")), Delete(Located(MATERIALS, OLD))):
        with pytest.raises(ConflictError) as caught:
            apply(folder, [Add(MATERIALS, "同一批里的别的话"), late], SERVICES)
        assert caught.value.about == Located(MATERIALS, OLD)
        assert snapshot(folder) == before


def test_many_writers_at_once_lose_nothing(folder: Path) -> None:
    before, failures = texts(folder, MATERIALS), []

    def write(name: str) -> None:
        for number in range(8):
            try:
                apply(folder, [Add(MATERIALS, f"{name}写的第{number}句")], SERVICES)
            except Exception as error:  # noqa: BLE001
                failures.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in ("甲某", "乙某", "丙某")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(set(texts(folder, MATERIALS)) - set(before)) == sorted(
        f"{name}写的第{number}句" for name in ("甲某", "乙某", "丙某") for number in range(8)
    )


MOVE_FOREVER = """
import sys
from pathlib import Path
from bot.training.phrasing_editor import Located, Replace, apply
from bot.training.phrasing_file import Label
folder, here, there = Path(sys.argv[1]), Label("ask_materials", "card_replace"), Label("ask_phone", "card_loss")
print("ready", flush=True)
while True:
    for one, two in ((here, there), (there, here)):
        apply(folder, [Replace(Located(one, "补卡 户口本"), Located(two, "补卡 户口本"))], {"card_replace", "card_loss"})
"""


def test_killing_a_writer_leaves_whole_files_with_every_phrasing(folder: Path) -> None:
    before = {p.text for p in read_phrasings(folder)}
    for delay in (0.1, 0.23, 0.31):
        process = subprocess.Popen([sys.executable, "-c", MOVE_FOREVER, str(folder)], stdout=subprocess.PIPE)
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert {p.text for p in read_phrasings(folder)} == before
        here, there = (OLD in texts(folder, label) for label in (MATERIALS, Label("ask_phone", "card_loss")))
        assert here or there
        if here and there:  # killed between the two files: the words stand twice, none is lost
            apply(folder, [Delete(Located(Label("ask_phone", "card_loss"), OLD))], SERVICES)
        elif there:
            apply(folder, [Replace(Located(Label("ask_phone", "card_loss"), OLD), Located(MATERIALS, OLD))], SERVICES)


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ("（急）社保卡〔号码已隐去〕丢了[吗]", "急 社保卡丢了 吗"),
        ("  - 补卡\n带啥 ", "补卡 带啥"),
        ("/、补卡", "、补卡"),
        ("〔号码已隐去〕", ""),
    ],
)
def test_a_residents_question_is_made_fit_for_a_file(asked: str, kept: str) -> None:
    assert tidy(asked) == kept
