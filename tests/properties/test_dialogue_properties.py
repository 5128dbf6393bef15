"""Whatever is understood, in whatever order, a conversation stays one that can be answered, asked back or declined."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conditions import applicants
from bot.dialogue import OUT_OF_SCOPE, State, Understanding, option_titles, resolve
from bot.dialogue.state import CONTEXT, MAX_ASKED
from bot.knowledge.queries import Knowledge
from bot.replies import ASPECT_NAMES, Known, answer, next_questions, split

pytestmark = pytest.mark.property
ASPECTS = tuple(ASPECT_NAMES)
INTENTS = [*(f"ask_{aspect}" for aspect in ASPECTS), "inform_place", "inform_applicant", "choose", "refuse", "deny", "affirm",
           "greet", "thanks", "goodbye", "chitchat", "handoff", "danger", "out_of_scope"]  # fmt: skip
PLACES = ("dagang", "dagu", "yuzhong", "hebei", "gaoxin")
TEXTS = st.one_of(
    st.sampled_from(
        [
            "补社保卡要带什么",
            "1",
            "2",
            "第二个",
            "本人",
            "我替我妈办",
            "单位办",
            "不知道",
            "不是这个",
            "是",
            "在大港",
            "那电话多少",
            "低保",
            "嗯",
        ]
    ),
    st.text(max_size=30),
)


def understandings(services: list[str]) -> st.SearchStrategy[Understanding]:
    rankings = st.dictionaries(st.sampled_from([*services, OUT_OF_SCOPE, CONTEXT]), st.floats(0, 1), min_size=1, max_size=5)
    return st.builds(
        Understanding,
        text=TEXTS,
        intent=st.sampled_from(INTENTS),
        services=rankings,
        aspects=st.lists(st.sampled_from(ASPECTS), max_size=2, unique=True).map(tuple),
        places=st.lists(st.sampled_from(PLACES), max_size=2, unique=True).map(tuple),
        place_hints=st.lists(st.sampled_from(PLACES), max_size=1).map(tuple),
        applicant=st.sampled_from([None, None, "self", "agent", "unit"]),
        denies=st.booleans(),
        sure=st.floats(0, 1),
        foreign=st.lists(st.sampled_from(["发票", "驾照"]), max_size=1).map(tuple),
    )


@given(st.data())
def test_a_conversation_never_gets_into_a_state_that_has_no_reply(knowledge: Knowledge, data: st.DataObject) -> None:
    said = data.draw(st.lists(understandings(list(knowledge.services)), min_size=1, max_size=8))
    state = State(jurisdiction=data.draw(st.sampled_from([None, *PLACES])))
    for message in said:
        state = resolve(state, message, knowledge)
        check(state, knowledge)
        assert from_memory(state) == state


def check(state: State, knowledge: Knowledge) -> None:
    assert state.missing in ("nothing", "unknown", "elsewhere", "jurisdiction", "item", "situation", "applicant")
    assert state.jurisdiction in (None, *PLACES) and state.applicant in (None, "self", "agent", "unit")
    assert all(count <= MAX_ASKED for count in state.asked.values())
    assert state.aspects and set(state.aspects) <= set(ASPECTS)
    if state.missing in ("situation", "applicant"):
        assert state.item
    if state.item:
        knowledge.item(state.item)
        if state.missing != "jurisdiction" and state.jurisdiction:
            assert state.item.partition("-")[0] == state.jurisdiction or state.missing in ("unknown", "elsewhere"), state
    if state.missing in ("jurisdiction", "situation", "applicant"):
        titles = option_titles(state.missing, state.options, knowledge, state.item)
        assert len(titles) == len(state.options) > 1 and len(set(titles)) == len(titles)
    if state.missing == "elsewhere":
        assert state.service in knowledge.items_of and state.jurisdiction
    if state.missing == "nothing":
        assert state.item or state.options


def from_memory(state: State) -> State:
    """Return the state after it was kept as JSON, as between two turns."""
    from bot.actions.conversation import _frozen, memory_of

    return State(**{key: _frozen(value) for key, value in json.loads(json.dumps(memory_of(state))).items()})


@given(st.data())
def test_every_answer_is_whole_and_says_nothing_but_the_source(knowledge: Knowledge, data: st.DataObject) -> None:
    item = knowledge.item(data.draw(st.sampled_from(knowledge.item_ids)))
    aspects = tuple(data.draw(st.lists(st.sampled_from(ASPECTS), min_size=1, max_size=3, unique=True)))
    applicant = data.draw(st.sampled_from([None, *applicants(item)]))
    situations = data.draw(st.frozensets(st.sampled_from([s.id for s in item.situations]))) if item.situations else frozenset()
    known = Known(applicant, situations, data.draw(TEXTS))
    reply = answer(item, aspects, known, place="某地", contact="便民热线 12345")
    lines = reply.text.split("\n")
    assert lines[0] == f"【{item.name}】某地" and lines[-1] == f"来源：《{item.document}》{item.section}" and all(lines)
    assert reply.not_in_source == (f"{ASPECT_NAMES[aspects[0]]}：来源文件未载明" in reply.text)
    for other in next_questions(item, aspects):
        assert other
    for requirement in item.requirements:
        if requirement.section == "materials" and "materials" in aspects and requirement.holds(applicant, situations):
            assert requirement.text in reply.text


@given(st.text(alphabet="材料，。；、\n本人身份证原件abc ", max_size=3000), st.integers(20, 700))
def test_splitting_loses_nothing(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert all(0 < len(part) <= limit for part in parts) or not text.strip("\n")
    assert "".join(parts).replace("\n", "") == text.replace("\n", "")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_any_json_is_a_message_or_refused_with_a_reason(body: Any) -> None:
    from bot.channels.feedback import check as check_vote
    from bot.channels.turn import check_sender
    from bot.errors import RequestError

    for check, asked in ((check_sender, (body,)), (check_vote, (body if isinstance(body, dict) else {"vote": body}, "rest:a", ()))):
        with pytest.raises(RequestError) as refused:
            check(*asked)
        assert str(refused.value)
