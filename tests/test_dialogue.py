"""bot.dialogue: what is asked back is derived from the knowledge, in order, and only where the answer depends on it."""

from __future__ import annotations

import pytest

from bot.dialogue import State, Understanding, chosen_option, resolve
from bot.knowledge.queries import Knowledge


def said(text: str, intent: str = "ask_materials", aspects: tuple[str, ...] = ("materials",), **more: object) -> Understanding:
    services = more.pop("services", {"context": 0.9, "out_of_scope": 0.05, "card_replace": 0.05})
    return Understanding(text=text, intent=intent, services=services, aspects=aspects, **more)  # type: ignore[arg-type]


def test_place_is_asked_first_when_several_have_the_service(knowledge: Knowledge) -> None:
    state = resolve(State(), said("社保卡坏了换新的带什么", services={"card_replace": 0.95, "out_of_scope": 0.02}), knowledge)
    assert (state.missing, state.options) == ("jurisdiction", ("dagang", "yuzhong"))


def test_then_the_applicant_and_then_the_answer(knowledge: Knowledge) -> None:
    state = resolve(State(), said("社保卡坏了换新的带什么", services={"card_replace": 0.95, "out_of_scope": 0.02}), knowledge)
    state = resolve(state, said("大港", "inform_place", (), places=("dagang",)), knowledge)
    assert (state.missing, state.item, state.options) == ("applicant", "dagang-2.2", ("self", "agent"))
    state = resolve(state, said("我替我爸办", "inform_applicant", (), applicant="agent"), knowledge)
    assert (state.missing, state.applicant) == ("nothing", "agent")


@pytest.mark.parametrize("aspect", ["phone", "agency", "legal_basis"])
def test_phone_agency_and_law_never_need_the_applicant(knowledge: Knowledge, aspect: str) -> None:
    question = said("社保卡补办", f"ask_{aspect}", (aspect,), services={"card_replace": 0.95, "out_of_scope": 0.02})
    assert resolve(State(jurisdiction="dagang"), question, knowledge).missing == "nothing"


def test_a_place_without_the_item_is_told(knowledge: Knowledge) -> None:
    question = said("申请低保要什么", services={"subsistence_allowance": 0.97, "out_of_scope": 0.01})
    assert resolve(State(jurisdiction="yuzhong"), question, knowledge).missing == "elsewhere"


def test_a_refusal_is_answered_for_every_branch(knowledge: Knowledge) -> None:
    state = State(missing="applicant", item="dagang-2.2", options=("self", "agent"), aspects=("materials",), asked={"applicant": 1})
    state = resolve(state, said("不知道", "refuse", ()), knowledge)
    assert (state.missing, state.applicant, state.item) == ("nothing", None, "dagang-2.2")


def test_a_denied_item_is_not_offered_again(knowledge: Knowledge) -> None:
    state = State(item="dagang-2.2", jurisdiction="dagang", candidates=(("dagang-2.2", 0.6), ("dagang-2.1", 0.3)), denied=())
    state = resolve(state, said("不是这个", "deny", (), denies=True), knowledge)
    assert state.missing == "item" and "dagang-2.2" not in state.options and "dagang-2.1" in state.options


def test_a_denial_that_names_a_case_of_the_item_corrects_the_case(knowledge: Knowledge) -> None:
    """However little of the matter the correction names, and though other items have the word, too."""
    state = State(item="dagang-10.2", jurisdiction="dagang", aspects=("materials",), situations=("inpatient",))
    services = {"context": 0.3, "out_of_scope": 0.1, "special_disease_hospital": 0.4}
    state = resolve(state, said("讲错啦,票是门诊开的", "deny", (), denies=True, services=services), knowledge)
    assert (state.missing, state.item, state.situations, state.aspects) == (
        "nothing",
        "dagang-10.2",
        ("outpatient",),
        ("materials",),
    )


@pytest.mark.parametrize(("intent", "aspect"), [("ask_time", "time"), ("ask_general", "general"), ("out_of_scope", "general")])
def test_an_unsure_follow_up_gets_the_likeliest_detail(knowledge: Knowledge, intent: str, aspect: str) -> None:
    state = State(item="dagang-32.1", jurisdiction="dagang", aspects=("general",))
    assert resolve(state, said("几时开班", intent, ("general",)), knowledge).aspects == (aspect,)


def test_an_answer_in_which_no_service_is_seen_is_asked_back(knowledge: Knowledge) -> None:
    state = State(missing="item", jurisdiction="dagang", options=("dagang-1.2", "dagang-1.3"), asked={"item": 1})
    state = resolve(state, said("@@", "out_of_scope", (), services={"out_of_scope": 1.0}), knowledge)
    assert state.missing in ("item", "unknown")


def test_what_was_denied_in_the_place_that_is_hinted_at_is_asked_back(knowledge: Knowledge) -> None:
    question = said("劳动争议调解要什么", services={"labour_dispute_mediation": 1.0}, place_hints=("dagang",))
    denied = tuple(item for item in knowledge.items_of["labour_dispute_mediation"] if item.startswith("dagang"))
    state = resolve(State(denied=denied), question, knowledge)
    assert (state.missing, state.item) == ("item", None)


def test_the_same_question_goes_back_at_most_twice(knowledge: Knowledge) -> None:
    state = State(missing="applicant", item="dagang-2.2", options=("self", "agent"), aspects=("materials",), asked={"applicant": 1})
    for _ in range(3):
        state = resolve(state, said("嗯", "affirm", ()), knowledge)
    assert state.missing == "nothing"


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("2", 1),
        ("第二个", 1),
        ("第二种 我长期住那边", 1),
        ("选三", 2),
        ("最后一个", 2),
        ("头一个", 0),
        ("一", 0),
        ("两份够吗", None),
        ("4", None),
    ],
)
def test_options_are_picked_by_number_or_position(text: str, index: int | None) -> None:
    assert chosen_option(text, 3) == index


def test_a_new_matter_in_a_new_place_never_gets_the_old_places_item(knowledge: Knowledge) -> None:
    """Found by the generated conversations: moved to Dagang, still answered with Dagu's item."""
    state = resolve(State(jurisdiction="dagu"), said("困难认定要什么", services={"hardship_recognition": 1.0}), knowledge)
    assert state.item == "dagu-2.1"
    moved = said("大港的呢", services={"labour_dispute_mediation": 0.0, "out_of_scope": 0.75}, places=("dagang",))
    state = resolve(state, moved, knowledge)
    assert state.missing == "elsewhere" or (state.item or "dagang").startswith("dagang")


@pytest.mark.parametrize("place", [None, "dagang"])
def test_what_was_denied_and_is_asked_for_again_is_asked_back(knowledge: Knowledge, place: str | None) -> None:
    """Found by the generated conversations: the only item of a service was denied, then the same question came again."""
    question = said("居保死亡退费要什么", services={"resident_pension_death_refund": 1.0})
    only = [item for item in knowledge.items_of["resident_pension_death_refund"] if place in (None, item.partition("-")[0])]
    state = resolve(State(denied=tuple(only), jurisdiction=place if only else None), question, knowledge)
    assert (state.missing, state.item) == ("item", None)
