"""Every kind of turn, once: what the bot asks back, how it takes the answer, and what it remembers."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing
from typing import Any, Callable, Optional

import pytest

from bot.knowledge.queries import Knowledge
from tests.conftest import Server

pytestmark = pytest.mark.server
Reply = dict[str, Any]
Talk = Callable[..., Reply]

LOST_CARD = "社保卡丢了想补一张，要什么材料"  # dagang-2.2: differs by who comes
BROKEN_CARD = "社保卡折断了要换张新的，得带啥"  # dagang and yuzhong have it
REMOTE = "异地就医备案要带什么材料"  # dagang-11.1: differs by situation and by who comes
VAGUE = "残疾人那个咋办"  # hebei-4.1 or hebei-9.5
UNEMPLOYED = "失业登记流程是什么"  # dagang-18.3: the same for everyone
OWN_ID = "本人身份证、户口本、护照等有效身份证件"
AGENT_ID = "代办人身份证原件及复印件"
_numbers = itertools.count()


@pytest.fixture
def talk(server: Server) -> Talk:
    """Say some sentences in one conversation of their own; return the last reply."""
    sender = f"turns-{next(_numbers)}"

    def say(*messages: str, at: Optional[str] = None) -> Reply:
        replies = [server.say(sender, message, at) for message in messages]
        return replies[-1]

    return say


def titles(reply: Reply) -> list[str]:
    return [option["title"] for option in reply["options"]]


# --- the place ----------------------------------------------------------------------------------------------------


def test_the_place_is_asked_with_those_that_have_the_item(talk: Talk) -> None:
    reply = talk(BROKEN_CARD)
    assert (reply["kind"], reply["slot"], reply["item"]) == ("clarify", "jurisdiction", None)
    assert [title[:2] for title in titles(reply)] == ["大港", "渝中"]
    assert "1. 大港" in reply["text"] and "2. 渝中" in reply["text"]


@pytest.mark.parametrize(
    ("answer", "item"),
    [("大港街那边", "dagang-2.2"), ("1", "dagang-2.2"), ("渝中的", "yuzhong-12"), ("2", "yuzhong-12"), ("第二个", "yuzhong-12")],
)
def test_the_place_is_answered_by_name_or_number(talk: Talk, answer: str, item: str) -> None:
    reply = talk(BROKEN_CARD, answer)
    assert (reply["item"], reply["aspect"], reply["jurisdiction"]) == (item, "materials", item.partition("-")[0])


def test_a_city_with_several_places_narrows_the_question(talk: Talk) -> None:
    reply = talk("失业登记怎么办", "天津的")
    assert reply["slot"] == "jurisdiction" and [title[:2] for title in titles(reply)] == ["大港", "大沽"]


def test_a_place_not_told_gets_every_place(talk: Talk) -> None:
    reply = talk("失业登记怎么办", "不清楚")
    assert reply["kind"] == "answer"
    for place in ("天津市滨海新区大港街道", "天津市滨海新区大沽街道", "重庆市渝中区", "高新区（关堤乡、振中街）"):
        assert f"】{place}\n" in reply["text"]


def test_a_place_said_wrong_is_put_right_and_the_question_stands(talk: Talk) -> None:
    assert talk(BROKEN_CARD, "渝中的")["item"] == "yuzhong-12"
    reply = talk("说错了，我是大港的")
    assert (reply["jurisdiction"], reply["item"], reply["slot"]) == ("dagang", "dagang-2.2", "applicant")
    assert OWN_ID in talk("本人")["text"]


def test_the_place_said_overrides_that_of_the_channel(talk: Talk) -> None:
    assert talk(f"我人在渝中区，{BROKEN_CARD}", at="dagang")["item"] == "yuzhong-12"


def test_the_place_is_put_right_while_something_else_is_asked(talk: Talk) -> None:
    assert talk(BROKEN_CARD, at="dagang")["slot"] == "applicant"
    assert talk("不对，我在渝中区", at="dagang")["item"] == "yuzhong-12"


@pytest.mark.parametrize("question", [BROKEN_CARD, REMOTE])
def test_a_bare_place_while_something_else_is_asked(talk: Talk, question: str) -> None:
    talk(question, at="dagang")
    reply = talk("我在渝中区", at="dagang")
    assert (reply["item"] or "yuzhong").startswith("yuzhong") and reply["kind"] in ("answer", "fallback")


def test_another_place_for_the_same_matter(talk: Talk) -> None:
    assert talk("失业登记怎么办", "在高新区")["item"] == "gaoxin-2"
    reply = talk("那大沽呢")
    assert (reply["kind"], reply["item"], reply["aspect"]) == ("answer", "dagu-1.1", "process")


@pytest.mark.parametrize("messages", [("我在渝中区，低保怎么申请",), ("低保怎么申请", "我在渝中区")])
def test_a_place_without_the_item_names_the_places_that_have_it(talk: Talk, messages: tuple[str, ...]) -> None:
    reply = talk(*messages)
    assert (reply["kind"], reply["item"], reply["jurisdiction"]) == ("fallback", None, "yuzhong")
    assert "天津市河北区" in reply["text"] and "重庆市渝中区" in reply["text"]


# --- the item -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "item"), [("第一个", "hebei-4.1"), ("2", "hebei-9.5"), ("残疾人证办理", "hebei-4.1"), ("两项补贴那个", "hebei-9.5")]
)
def test_a_vague_question_is_asked_back_and_an_item_chosen(talk: Talk, answer: str, item: str) -> None:
    asked = talk(VAGUE, at="hebei")
    assert (asked["kind"], asked["slot"]) == ("clarify", "item")
    assert titles(asked) == ["残疾人证办理", "残疾人两项补贴申请"]
    assert talk(answer, at="hebei")["item"] == item


def test_a_bare_question_asks_which_matter(talk: Talk) -> None:
    asked = talk("要带什么", at="dagang")
    assert (asked["kind"], asked["slot"], asked["aspect"]) == ("clarify", "item", "materials")
    assert talk("失业登记", at="dagang")["item"] == "dagang-18.3"


def test_what_was_asked_stands_when_the_matter_is_named(talk: Talk) -> None:
    reply = talk("要带什么", "失业登记", at="dagang")
    assert (reply["item"], reply["aspect"]) == ("dagang-18.3", "materials")


def test_an_item_not_told_gets_every_item(talk: Talk) -> None:
    reply = talk(VAGUE, "不知道", at="hebei")
    assert reply["kind"] == "answer"
    assert "【残疾人证办理】" in reply["text"] and "【残疾人两项补贴申请】" in reply["text"]


# --- the situation ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "question", "answer", "situation", "shown", "hidden"),
    [
        ("dagang", REMOTE, "我在北京给闺女看孩子，户口没动", "resident", None, None),
        ("dagang", REMOTE, "我把户口迁到山东了", "settled", None, None),
        ("dagang", REMOTE, "2", "resident", None, None),
        ("dagang", "就业困难人员认定要什么材料", "我离了婚一个人带娃", "single", "所抚养子女的在学材料", "复转军人相关材料"),
        (
            "hebei",
            "残疾人两项补贴要交什么表",
            "我爸瘫在床上动不了",
            "nursing_subsidy",
            "重度残疾人申领护理补贴审核表",
            "生活补贴审核表",
        ),
        ("dagu", "居民医保参保带啥", "我娃还在上大学", "student", "院校学生需提供在学证明", "居住证办理回执"),
        ("dagang", "灵活就业登记流程", "我不要补贴", "other", "到党群服务中心办理", "递交补贴申请材料时"),
    ],
)
def test_a_situation_is_asked_and_answered_in_everyday_words(
    talk: Talk, place: str, question: str, answer: str, situation: str, shown: Optional[str], hidden: Optional[str]
) -> None:
    asked = talk(question, at=place)
    assert (asked["kind"], asked["slot"]) == ("clarify", "situation") and len(asked["options"]) > 1
    reply = talk(answer, at=place)
    assert (reply["item"], reply["situation"]) == (asked["item"], situation)
    if shown and hidden:
        assert reply["kind"] == "answer" and shown in reply["text"] and hidden not in reply["text"]
    else:
        assert (reply["kind"], reply["slot"]) == ("clarify", "applicant")


def test_situation_then_applicant_then_the_list_for_both(talk: Talk) -> None:
    reply = talk(REMOTE, "户口迁到山东了", "我儿子帮我跑", at="dagang")
    assert (reply["kind"], reply["situation"], reply["applicant"]) == ("answer", "settled", "agent")
    assert "本人异地户口簿" in reply["text"] and "代办人身份证或社会保障卡原件" in reply["text"]
    assert "异地居住证" not in reply["text"]


def test_another_situation_replaces_the_first(talk: Talk) -> None:
    talk(REMOTE, "异地安置人员", "代办", at="dagang")
    reply = talk("不对，我是长期居住的", at="dagang")
    assert (reply["item"], reply["situation"], reply["applicant"]) == ("dagang-11.1", "resident", "agent")
    assert "异地居住证" in reply["text"] and "本人异地户口簿" not in reply["text"]


def test_a_situation_not_told_gets_every_branch(talk: Talk, knowledge: Knowledge) -> None:
    reply = talk("就业困难人员认定要什么材料", "不知道", at="dagang")
    assert (reply["kind"], reply["situation"]) == ("answer", None)
    for situation in knowledge.item("dagang-16.1").situations:
        assert f"〔{situation.name}〕" in reply["text"]


# --- who comes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "applicant"),
    [
        ("本人", "self"),
        ("1", "self"),
        ("我自己跑一趟", "self"),
        ("我替我妈办", "agent"),
        ("孩子他姥姥", "agent"),
        ("不是我本人", "agent"),
        ("第二个", "agent"),
        ("2", "agent"),
    ],
)
def test_who_comes_is_asked_and_answered(talk: Talk, answer: str, applicant: str) -> None:
    asked = talk(LOST_CARD, at="dagang")
    assert (asked["kind"], asked["slot"], titles(asked)) == ("clarify", "applicant", ["本人", "代办"])
    reply = talk(answer, at="dagang")
    assert (reply["kind"], reply["item"], reply["applicant"]) == ("answer", "dagang-2.2", applicant)
    assert (OWN_ID in reply["text"], AGENT_ID in reply["text"]) == (applicant == "self", applicant == "agent")


def test_a_unit_is_understood(talk: Talk) -> None:
    reply = talk(LOST_CARD, "单位统一办", at="dagang")
    assert (reply["kind"], reply["item"], reply["applicant"]) == ("answer", "dagang-2.2", "unit")


def test_a_unit_that_the_source_does_not_name_still_gets_what_it_says(talk: Talk) -> None:
    reply = talk(LOST_CARD, "单位统一办", at="dagang")
    assert OWN_ID in reply["text"] and AGENT_ID in reply["text"]


@pytest.mark.parametrize("refusal", ["不知道", "说不清楚"])
def test_who_comes_not_told_gets_every_branch_with_headings(talk: Talk, refusal: str) -> None:
    reply = talk(LOST_CARD, refusal, at="dagang")
    assert (reply["kind"], reply["applicant"], reply["slot"], reply["options"]) == ("answer", None, None, [])
    assert "〔个人办卡" in reply["text"] and "〔代理办卡" in reply["text"]
    assert OWN_ID in reply["text"] and AGENT_ID in reply["text"]
    assert talk("那要带什么材料", at="dagang")["kind"] == "answer"  # not asked again


@pytest.mark.parametrize("question", ["社保卡补办电话多少", "补社保卡哪个部门管", "补社保卡依据哪个文件"])
def test_phone_office_and_law_do_not_ask_who_comes(talk: Talk, question: str) -> None:
    reply = talk(question, at="dagang")
    assert (reply["kind"], reply["item"]) == ("answer", "dagang-2.2")


def test_another_person_for_the_same_item(talk: Talk) -> None:
    assert OWN_ID in talk(LOST_CARD, "本人", at="dagang")["text"]
    other = talk("那要是我老伴替我去呢", at="dagang")
    assert (other["item"], other["applicant"], other["aspect"]) == ("dagang-2.2", "agent", "materials")
    assert AGENT_ID in other["text"]
    assert talk("还是我自己跑吧", at="dagang")["applicant"] == "self"


def test_a_question_asked_twice_without_an_answer_is_given_up(talk: Talk) -> None:
    assert talk(LOST_CARD, "嗯", at="dagang")["slot"] == "applicant"
    reply = talk("嗯", at="dagang")
    assert (reply["kind"], reply["item"]) == ("answer", "dagang-2.2")


# --- asides and follow-ups ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("aside", ["你吃饭了没", "谢谢你啊", "你好", "你几岁了"])
def test_small_talk_in_the_middle_and_back(talk: Talk, aside: str) -> None:
    talk(LOST_CARD, at="dagang")
    assert talk(aside, at="dagang")["kind"] == "chitchat"
    reply = talk("本人去", at="dagang")
    assert (reply["kind"], reply["item"], reply["applicant"]) == ("answer", "dagang-2.2", "self")


def test_out_of_scope_in_the_middle_keeps_the_question_back(talk: Talk) -> None:
    talk(LOST_CARD, at="dagang")
    assert talk("火车票咋买", at="dagang")["kind"] == "fallback"
    reply = talk("代办", at="dagang")
    assert (reply["kind"], reply["item"], reply["applicant"]) == ("answer", "dagang-2.2", "agent")


def test_out_of_scope_in_the_middle_keeps_the_item(talk: Talk) -> None:
    talk(UNEMPLOYED, at="dagang")
    aside = talk("今天股票跌了多少", at="dagang")
    assert (aside["kind"], aside["item"]) == ("fallback", None)
    reply = talk("那电话多少", at="dagang")
    assert (reply["item"], reply["aspect"]) == ("dagang-18.3", "phone") and "63856609" in reply["text"]


def test_follow_ups_without_the_item(talk: Talk) -> None:
    talk(LOST_CARD, "本人", at="dagang")
    phone = talk("那电话多少", at="dagang")
    assert (phone["kind"], phone["item"], phone["aspect"]) == ("answer", "dagang-2.2", "phone") and "63856609" in phone["text"]
    law = talk("依据是哪条", at="dagang")
    assert (law["item"], law["aspect"], law["not_in_source"]) == ("dagang-2.2", "legal_basis", False)
    assert "津人社局发〔2009〕41号" in law["text"]


@pytest.mark.parametrize(("place", "question"), [("dagang", UNEMPLOYED), ("hebei", "低保依据哪条法律")])
def test_what_the_source_lacks_is_said_to_be_lacking(talk: Talk, place: str, question: str) -> None:
    first = talk(question, at=place)
    reply = talk("要几天", at=place)
    assert (reply["kind"], reply["item"], reply["aspect"], reply["not_in_source"]) == ("answer", first["item"], "time", True)
    assert "来源文件未载明" in reply["text"]


# --- denial, another item and back --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "messages"),
    [
        ("yuzhong", ("社保卡补办",)),
        ("dagang", ("医保查询怎么弄", "2")),
        ("dagang", ("大学生创业补贴怎么领",)),
        ("dagang", ("失业登记怎么办",)),
        ("hebei", ("低保要什么",)),
    ],
)
def test_a_denial_offers_other_items(talk: Talk, knowledge: Knowledge, place: str, messages: tuple[str, ...]) -> None:
    denied = talk(*messages, at=place)
    assert denied["kind"] == "answer"
    reply = talk("不是这个", at=place)
    assert (reply["kind"], reply["slot"]) == ("clarify", "item")
    assert knowledge.item(denied["item"]).name not in titles(reply)
    assert denied["item"] not in [candidate["item"] for candidate in reply["candidates"]]
    assert reply["options"]
    assert talk("第一个", at=place)["item"] == reply["item"] != denied["item"]


@pytest.mark.parametrize(
    ("place", "question"),
    [
        ("dagang", LOST_CARD),
        ("dagang", REMOTE),
        ("dagang", "灵活就业登记流程"),
        ("gaoxin", "失业登记要带什么"),
    ],
)
def test_a_denial_instead_of_a_choice_denies_the_item(talk: Talk, place: str, question: str) -> None:
    assert talk(question, at=place)["slot"] in ("situation", "applicant")
    reply = talk("不是这个", at=place)
    assert (reply["kind"], reply["slot"]) == ("clarify", "item")


def test_a_single_option_is_not_taken_by_nonsense(talk: Talk) -> None:
    asked = talk("大学生创业补贴怎么领", "不对不是这个", at="dagang")
    if len(asked["options"]) != 1:
        pytest.skip("more than one option is offered here")
    assert talk("😀😀", at="dagang")["kind"] != "answer"


def test_a_denied_item_is_never_offered_again(talk: Talk, knowledge: Knowledge) -> None:
    denied = {talk("社保卡补办", at="yuzhong")["item"]}
    for _ in range(3):
        reply = talk("不是这个", at="yuzhong")
        names = {knowledge.item(item).name for item in denied}
        assert reply["kind"] != "answer" and not names & set(titles(reply))
        if not reply["options"]:
            break
        chosen = talk("1", at="yuzhong")
        assert chosen["item"] not in denied
        denied.add(chosen["item"])


def test_after_none_of_these_the_matter_can_be_named(talk: Talk) -> None:
    reply = talk(VAGUE, "都不是", at="hebei")
    assert (reply["kind"], reply["slot"], reply["options"]) == ("clarify", "item", [])
    assert talk("我想问低保怎么申请", at="hebei")["item"] == "hebei-9.6"


def test_another_item_and_back(talk: Talk) -> None:
    assert talk(UNEMPLOYED, at="dagang")["item"] == "dagang-18.3"
    assert talk("招聘会什么时候有", at="dagang")["item"] == "dagang-31.1"
    reply = talk("刚才那个失业登记的电话是多少", at="dagang")
    assert (reply["item"], reply["aspect"]) == ("dagang-18.3", "phone")


def test_back_by_one_word_of_the_name(talk: Talk) -> None:
    talk(UNEMPLOYED, "招聘会什么时候有", at="dagang")
    reply = talk("刚才那个登记要带什么", at="dagang")
    assert (reply["item"], reply["aspect"]) == ("dagang-18.3", "materials")


def test_another_item_that_the_place_lacks(talk: Talk) -> None:
    assert talk("灵活就业登记流程", at="yuzhong")["item"] == "yuzhong-22"
    reply = talk("残疾人两项补贴要交什么表", at="yuzhong")
    assert (reply["kind"], reply["item"]) == ("fallback", None) and "天津市河北区" in reply["text"]


def test_a_new_question_instead_of_a_choice(talk: Talk) -> None:
    asked = talk("公司欠薪去哪投诉", at="yuzhong")
    if asked["slot"] != "item":
        pytest.skip("nothing is asked back here")
    assert talk("第一次办社保卡要啥手续", at="yuzhong")["item"] == "yuzhong-5"


# --- people -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "question", "item", "contact", "office"),
    [
        ("dagang", UNEMPLOYED, "dagang-18.3", "63856609", "党群服务中心"),
        ("dagang", LOST_CARD, "dagang-2.2", "63856609", "党群服务中心"),  # while a question back is open
        ("yuzhong", "挂失社保卡去哪", "yuzhong-11", "12345", "区社会保险事务中心"),
    ],
)
def test_a_handoff_names_the_contact_of_the_item(
    talk: Talk, place: str, question: str, item: str, contact: str, office: str
) -> None:
    reply = talk(question, "给我转人工", at=place)
    assert (reply["kind"], reply["item"]) == ("handoff", item)
    assert contact in reply["text"] and office in reply["text"]


def test_a_handoff_without_an_item_names_the_hotline(talk: Talk) -> None:
    reply = talk("找个真人跟我说")
    assert (reply["kind"], reply["item"]) == ("handoff", None) and "12345" in reply["text"]


@pytest.mark.parametrize("before", [(), (UNEMPLOYED,), (LOST_CARD,)])
def test_danger_puts_the_emergency_number_first(talk: Talk, before: tuple[str, ...]) -> None:
    reply = talk(*before, "我邻居正在打他媳妇快出人命了", at="dagang")
    assert "110" in reply["text"].splitlines()[0]


def test_anger_gets_a_human_at_once(talk: Talk) -> None:
    reply = talk(UNEMPLOYED, "你这个东西一点用没有，气死人了", at="dagang")
    assert reply["kind"] == "handoff" and "63856609" in reply["text"] and "对不起" in reply["text"]


def test_two_failures_in_a_row_name_a_human(talk: Talk, server: Server) -> None:
    first = talk("公积金怎么提取", at="hebei")
    second = talk("那护照在哪办", at="hebei")
    assert (first["kind"], second["kind"]) == ("fallback", "fallback")
    assert "连着两次" not in first["text"] and "连着两次" in second["text"] and "12345" in second["text"]


def test_who_called_for_a_human_is_recorded_for_staff(talk: Talk, server: Server) -> None:
    talk("给我转人工", at="yuzhong")
    with closing(sqlite3.connect(server.log.parent / "bot.sqlite")) as database:
        rows = database.execute("select reason, jurisdiction, channel from handoff order by id desc limit 1").fetchall()
    assert rows == [("asked", "yuzhong", "rest")]


# --- two questions, and what may be asked next -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("失业登记电话多少，要带什么材料", ("63856609", "有效身份证件")),
        ("失业登记的依据是什么，在哪儿办", ("津人社办发", "办理部门")),
    ],
)
def test_two_questions_in_one_message_get_both_answers(talk: Talk, question: str, words: tuple[str, ...]) -> None:
    reply = talk(question, at="dagang")
    assert reply["kind"] == "answer" and all(word in reply["text"] for word in words)


def test_after_an_answer_at_most_three_next_questions_are_offered(talk: Talk) -> None:
    reply = talk(UNEMPLOYED, at="dagang")
    buttons = [button["title"] for message in reply["messages"] for button in message.get("buttons", ())]
    assert 1 <= len(buttons) <= 3 and all(title in reply["text"] for title in buttons)
    assert talk(buttons[0], at="dagang")["item"] == "dagang-18.3"


# --- several at once ----------------------------------------------------------------------------------------------


def test_interleaved_conversations_stay_apart(server: Server) -> None:
    scripts: dict[str, list[tuple[str, dict[str, Any]]]] = {
        "dagang": [
            (LOST_CARD, {"slot": "applicant"}),
            ("我替我妈办", {"applicant": "agent"}),
            ("那电话多少", {"item": "dagang-2.2"}),
        ],
        "hebei": [
            (VAGUE, {"slot": "item"}),
            ("2", {"item": "hebei-9.5"}),
            ("那电话多少", {"item": "hebei-9.5", "applicant": None}),
        ],
        "yuzhong": [
            ("社保卡补办", {"item": "yuzhong-12"}),
            ("不是这个", {"slot": "item"}),
            ("1", {"kind": "answer", "jurisdiction": "yuzhong"}),
        ],
        "dagu": [
            ("居民医保参保带啥", {"slot": "situation"}),
            ("在上大学", {"situation": "student"}),
            ("那电话多少", {"item": "dagu-4.1"}),
        ],
    }
    for turn in range(3):
        for place, script in scripts.items():
            message, expected = script[turn]
            reply = server.say(f"interleaved-{place}", message, place)
            assert {key: reply[key] for key in expected} == expected, (place, message)
