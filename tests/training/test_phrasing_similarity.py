"""bot.training.phrasing_similarity: fast, and the same as comparing everything with everything."""

from __future__ import annotations

import itertools
import random

import pytest

from bot.training.phrasing_similarity import Resemblance, distinct_share

TEXTS = [
    "社保卡丢了怎么补",
    "社保卡丢了怎么补呢",
    "身份证丢了怎么补",
    "社保咖丢了怎么补",
    "失业登记要带什么材料",
    "我爸走了医保里的钱咋领",
    "灵活就业怎么登记",
]


def test_a_telling_word_makes_more_difference_than_a_particle() -> None:
    found = dict(Resemblance(TEXTS).nearest(TEXTS[0], 7))
    assert found[0] == pytest.approx(1, abs=1e-5)
    assert found[1] > found[2] > found[4]


def test_homophones_are_the_same_by_sound() -> None:
    pairs = Resemblance(TEXTS).pairs(range(len(TEXTS)), 0.95)
    assert [(pair.first, pair.second, pair.by) for pair in pairs] == [(0, 3, "sounds")]


def test_finds_exactly_the_pairs_that_comparing_each_with_each_finds() -> None:
    chance = random.Random(3)
    parts = [
        ["社保卡", "身份证", "失业证", "医保卡"],
        ["丢了", "坏了", "折了", "到期了"],
        ["怎么补", "去哪换", "要带什么", "咋办"],
        ["", "啊", "呢"],
    ]
    texts = ["".join(chance.choice(part) for part in parts) + chance.choice("一二三四五六七八九十") for _ in range(60)]
    resemblance, labels = Resemblance(texts), [chance.randrange(3) for _ in texts]
    expected = set()
    for one, other in itertools.combinations(range(len(texts)), 2):
        similarity = dict(resemblance.nearest(texts[one], len(texts)))[other]
        if labels[one] != labels[other] and similarity >= 0.8:
            expected.add((one, other))
    assert {(pair.first, pair.second) for pair in resemblance.pairs(labels, 0.8)} == expected
    assert expected


def test_one_sentence_over_and_over_is_uniform_and_has_few_pairs_of_its_own() -> None:
    same = [f"我想问一下社保卡怎么补办可以吗{mark}" for mark in "啊呢吧呀哦嘛哈咯"]
    resemblance = Resemblance([*same, *TEXTS])
    assert resemblance.uniformity(range(8)) > 0.6 > 0.3 > resemblance.uniformity(range(8, 15))
    assert distinct_share(same) < 0.5 < distinct_share(TEXTS)
    assert resemblance.uniformity([0]) == 0 and distinct_share([]) == 0
