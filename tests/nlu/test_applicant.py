"""bot.nlu.applicant: who will come, in loose words."""

from __future__ import annotations

import pytest

from bot.nlu.applicant import read_applicant


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("我自己跑一趟", "self"),
        ("本人去", "self"),
        ("算了还是我亲自去", "self"),
        ("我替我婆婆跑腿", "agent"),
        ("孩子他姑姑", "agent"),
        ("不是我本人", "agent"),
        ("让我儿子去办行吗", "agent"),
        ("我老伴帮我去", "agent"),
        ("儿媳妇给我跑", "agent"),
        ("单位统一办", "unit"),
        ("我们公司给员工批量办", "unit"),
        ("社保卡丢了怎么补", None),
        ("电话多少", None),
    ],
)
def test_reads_who_comes(text: str, who: str | None) -> None:
    assert read_applicant(text) == who
