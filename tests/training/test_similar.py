"""bot.training.similar: questions alike in words or sounds stand together, and a full inbox is grouped quickly."""

from __future__ import annotations

import random
import time

from bot.settings import ROOT
from bot.training.phrasings import read_phrasings
from bot.training.similar import groups


def test_words_and_sounds_bring_questions_together_and_the_first_leads() -> None:
    texts = ["社保卡丢了咋补", "公积金怎么提取", "社保咖丢了怎么补", "提取公积金怎么弄", "户口迁移找谁"]
    assert groups(texts) == [[0, 2], [1, 3], [4]]


def test_every_text_is_in_one_group_across_the_parts_that_are_compared_at_a_time() -> None:
    texts = [f"{text}{number}" for number in range(60) for text in ("养狗登记去哪里", "开饭馆的许可证", "电动车怎么上牌")]
    found = groups(texts)
    assert sorted(n for members in found for n in members) == list(range(180))
    assert sorted(len(members) for members in found)[-3:] == [60, 60, 60]


def test_what_every_question_says_brings_none_together() -> None:
    texts = ["养狗办证去哪里", "医保去哪里交", "养狗要办证不"]
    background = [p.text for p in read_phrasings(ROOT / "data" / "nlu")[::6]]
    assert groups(texts, background) == [[0, 2], [1]]


def test_nothing_gives_no_groups_and_a_bare_mark_its_own() -> None:
    assert groups([]) == []
    assert groups(["？", "！"]) == [[0], [1]]


def test_a_flood_of_long_random_texts_takes_seconds_and_loses_none() -> None:
    characters, chosen = [chr(code) for code in range(0x4E00, 0x9FA6)], random.Random(1)
    flood = ["".join(chosen.choices(characters, k=2000)) for _ in range(1000)]
    start = time.perf_counter()
    found = groups(["社保卡丢了咋补", "社保咖丢了怎么补", *flood, "社保卡丢了怎么补"])
    assert time.perf_counter() - start < 10
    assert found[0] == [0, 1] and sorted(n for members in found for n in members) == list(range(1003))


def test_only_the_beginning_of_a_long_text_counts() -> None:
    head = "社保卡丢了咋补，我在窗口排队" * 20
    one, other = ("".join(map(chr, range(start, start + 1700))) for start in (0x5000, 0x7000))
    assert groups([head + one, head + other]) == [[0, 1]]


def test_two_thousand_questions_take_seconds() -> None:
    texts = [p.text for p in random.Random(1).sample(read_phrasings(ROOT / "data" / "nlu"), 2000)]
    start = time.perf_counter()
    assert groups(texts)
    assert time.perf_counter() - start < 10
