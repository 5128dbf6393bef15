"""Pure: from what is known of a conversation and one understood message to what is known now and what is missing.

`resolve` is the bot's clerk. It decides which item is meant and which one thing must be asked back, in the order
jurisdiction, item, situation, applicant; Rasa's rules and stories turn its finding (`State.missing`) into actions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Optional

from bot.conditions import open_applicants, open_situations
from bot.knowledge.queries import MAX_NAME_PART, Knowledge
from bot.knowledge.view import ItemView
from bot.replies import APPLICANT_NAMES, COMMON_WORDS
from bot.situations import match_situations
from bot.text import squash

OUT_OF_SCOPE, CONTEXT = "out_of_scope", "context"
ASKABLE = ("jurisdiction", "item", "situation", "applicant")
MAX_ASKED = 2  # the same question goes back at most twice

# Thresholds on calibrated probabilities, chosen on the held-out questions (docs/evaluation.md).
OUT_OF_SCOPE_FROM = 0.4
SWITCH_FROM = 0.4
ASK_ITEM_BELOW = 0.5
VAGUE_BELOW = 0.65
RIVAL_SHARE = 0.38
ELSEWHERE_FROM = 0.7
ELSEWHERE_HERE_BELOW = 0.1
ASK_AFTER_DENIAL = 0.2
VAGUE_LENGTH = 12  # characters; a short question that names a common part of several items is asked back
_WHAT_IF = re.compile(r"^(?:那|要是|如果|假如|换成|换).{0,12}?呢")
_QUESTION = re.compile(
    r"[?？]|吗|呢|么|嘛|啥|什么|怎么|咋|哪|谁|多少|几|能不|行不|要不|用不|可不|是不|有没有|多久|多长|中不|得不|不$|依据|电话|材料|流程|地址|条件"
)


@dataclass(frozen=True)
class Understanding:
    """One message as the pipeline understood it. `services`: probability of each service, of out_of_scope and context."""

    text: str
    intent: str
    services: dict[str, float]
    aspects: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    place_hints: tuple[str, ...] = ()
    applicant: Optional[str] = None
    denies: bool = False
    foreign: tuple[str, ...] = ()  # words of matters outside our scope: 「发票」 in 「发票去哪领」


@dataclass(frozen=True)
class State:
    """What a conversation has established. `missing` is what must be asked, "nothing" if it can be answered.

    Besides ASKABLE it may be "unknown" (not ours, or not understood) and "elsewhere" (no such item in this place).
    """

    missing: str = "nothing"
    jurisdiction: Optional[str] = None
    item: Optional[str] = None
    service: Optional[str] = None
    applicant: Optional[str] = None
    situations: tuple[str, ...] = ()
    aspects: tuple[str, ...] = ("general",)
    options: tuple[str, ...] = ()
    candidates: tuple[tuple[str, float], ...] = ()
    denied: tuple[str, ...] = ()
    past: tuple[str, ...] = ()
    asked: dict[str, int] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    failures: int = 0
    question: str = ""


def resolve(state: State, said: Understanding, knowledge: Knowledge) -> State:
    """Return the state after `said`; its `missing` tells what has to happen next."""
    pending = state.missing if state.missing in ASKABLE else None
    before, state = state, _take_place(replace(state, missing="nothing"), said)
    if before.item and state.jurisdiction != before.jurisdiction:
        read = _move(state, said, knowledge)
    else:
        read = _read_answer(pending, state, said, knowledge) if pending else None
    if read is None:
        read = _read_question(state, said, knowledge)
    return _next_step(read, said, knowledge)


# --- places -----------------------------------------------------------------------------------------------------


def _take_place(state: State, said: Understanding) -> State:
    if len(said.places) == 1 and said.places[0] != state.jurisdiction:
        return replace(state, jurisdiction=said.places[0])
    return state


def option_titles(slot: str, options: tuple[str, ...], knowledge: Knowledge, item: Optional[str] = None) -> list[str]:
    """Return what stands on the options of a question back."""
    if slot == "jurisdiction":
        return [knowledge.jurisdictions[place].short for place in options]
    if slot == "applicant":
        return [APPLICANT_NAMES[who] for who in options]
    if slot == "situation" and item:
        names = {s.id: s.name for s in knowledge.item(item).situations}
        return [names[option] for option in options]
    return [knowledge.item(option).name for option in options]


def _move(state: State, said: Understanding, knowledge: Knowledge) -> Optional[State]:
    """Another place for the matter in hand (「说错了，我是大港的」): the same service there; None for a new matter."""
    item = knowledge.item(state.item or "")
    if item.jurisdiction == state.jurisdiction or _is_new_matter(state, said, knowledge, 0.6):
        return None
    there = [i for s in item.services for i in knowledge.items_of[s] if i.partition("-")[0] == state.jurisdiction]
    moved = replace(_with_details(state, said), situations=(), refused=(), asked={}, candidates=(), question=said.text)
    if not there:
        return replace(moved, item=None, service=state.service or item.services[0], missing="elsewhere")
    return replace(moved, item=there[0], aspects=_aspects(said, state.aspects) if _weighty(said) else state.aspects)


# --- an answer to the bot's own question ----------------------------------------------------------------------


def _read_answer(pending: str, state: State, said: Understanding, knowledge: Knowledge) -> Optional[State]:
    """Take `said` as the answer to the pending question; None if it is something new."""
    titles = [squash(title) for title in option_titles(pending, state.options, knowledge, state.item)]
    spoken = squash(said.text)
    chosen = titles.index(spoken) if spoken in titles else chosen_option(said.text, len(state.options))
    refuses = said.intent == "refuse"
    if pending == "jurisdiction":
        if said.places:
            fresh = _own_service(said)
            return replace(_with_details(state, said), service=fresh or state.service, item=None)
        if chosen is not None:
            return replace(state, jurisdiction=state.options[chosen], item=None)
        if refuses:
            return replace(state, refused=ASKABLE)
        if said.place_hints and len(said.text) < 12:
            return replace(state, options=said.place_hints)
    elif pending == "item" and state.options:
        if chosen is not None:
            return replace(state, item=state.options[chosen], service=_service_of(state.options[chosen], knowledge))
        if refuses:
            return replace(state, item=state.options[0], refused=ASKABLE)
        return _read_item(state, said, knowledge)
    elif pending in ("situation", "applicant") and state.item:
        return _read_condition(pending, chosen, refuses, state, said, knowledge)
    return None


def _read_condition(
    pending: str, chosen: Optional[int], refuses: bool, state: State, said: Understanding, knowledge: Knowledge
) -> Optional[State]:
    item = knowledge.item(state.item or "")
    situations = match_situations(item, said.text, loose=pending == "situation")
    applicant = said.applicant
    if pending == "situation" and not situations and chosen is not None:
        situations = (state.options[chosen],)
    if pending == "applicant" and not applicant and chosen is not None:
        applicant = state.options[chosen]
    if said.denies and chosen is None and not said.applicant and not match_situations(item, said.text):
        return None  # 「不是这个」 denies the item itself
    if pending == "applicant" and applicant and applicant not in state.options:
        return replace(state, applicant=applicant, refused=ASKABLE)  # the source does not tell them apart: every branch
    answered = situations if pending == "situation" else applicant
    if answered and not (_questions(said) and chosen is None and _is_new_matter(state, said, knowledge, 0.9)):
        filled = replace(state, situations=situations or state.situations, applicant=applicant or state.applicant)
        return replace(filled, aspects=_aspects(said, state.aspects) if _weighty(said) else state.aspects)
    if refuses:
        return replace(state, refused=ASKABLE)
    if not _questions(said) or not _is_new_matter(state, said, knowledge, 0.4):
        if _weighty(said) and set(said.aspects) - set(state.aspects):
            return replace(state, aspects=said.aspects, question=said.text)  # another aspect of the same item
        return None if said.denies else state
    return None


def _read_item(state: State, said: Understanding, knowledge: Knowledge) -> Optional[State]:
    prior = dict(state.candidates)
    scores = {}
    for option in state.options:
        item = knowledge.item(option)
        overlap = _overlap(said.text, " ".join((item.name, *item.aliases)))
        scores[option] = (prior.get(option, 0.05) ** 0.3) * (_item_score(item, said.services) + 0.6 * overlap + 0.01)
    best = max(scores, key=scores.__getitem__)
    rest = sum(scores.values()) - scores[best]
    in_scope = {s: p for s, p in said.services.items() if s not in (OUT_OF_SCOPE, CONTEXT)}
    top = max(in_scope, key=in_scope.__getitem__)
    if in_scope[top] > 0.4 and not set(knowledge.items_of.get(top, ())) & set(state.options):
        return None
    if said.denies and in_scope[top] < 0.3:
        return replace(state, denied=(*state.denied, *state.options), options=(), item=None)
    if (
        scores[best] > 1.4 * rest
        or (len(state.options) == 1 and _item_score(knowledge.item(best), said.services) > 0.05)
        or _overlap(said.text, knowledge.item(best).name) > 0.3
    ):
        filled = replace(
            _with_details(state, said), item=best, service=_service_of(best, knowledge), question=f"{state.question} {said.text}"
        )
        return replace(
            filled, aspects=_aspects(said, state.aspects) if said.intent.startswith("ask_") and _weighty(said) else state.aspects
        )
    return None if in_scope[top] > 0.3 else state


def chosen_option(text: str, count: int) -> Optional[int]:
    """Return the index of the option that `text` picks by number or position (「2」「第二种」「最后一个」), else None."""
    if not count:
        return None
    text = squash(text)
    if re.match(r"^(?:我?(?:要|选|就)?)?(?:最后|末尾|后面|下面)(?:一|那)?(?:个|种|条|项)?", text) and len(text) <= 8:
        return count - 1
    if re.match(r"^(?:我?(?:要|选|就)?)?(?:前面|上面|头)(?:一|那)?(?:个|种|条|项)", text) and len(text) <= 8:
        return 0
    found = re.match(r"^(?:我?(?:要|选|就|是|属于)?(?:那|这)?)?第?([0-9一二两三四五六七八九])(?:号|个|种|条|项|类)?", text)
    if found is None:
        return None
    explicit = re.match(r"^(?:我?(?:要|选|就|是|属于)?(?:那|这)?)?(?:第.|.(?:号|个|种|条|项|类))", text)
    if len(text) > 3 and not (explicit and "第" in text[:6]):
        return None
    number = "一二三四五六七八九".find(found.group(1)) + 1 or (2 if found.group(1) == "两" else 0) or int(found.group(1))
    return number - 1 if 1 <= number <= count else None


# --- a question -------------------------------------------------------------------------------------------------


def _read_question(state: State, said: Understanding, knowledge: Knowledge) -> State:
    """Find the item that `said` is about: the one in hand, an earlier one, or a new one."""
    scores = _item_scores(state, said, knowledge)
    ranking = sorted(scores, key=scores.__getitem__, reverse=True)
    outside, elliptic = said.services.get(OUT_OF_SCOPE, 0.0), said.services.get(CONTEXT, 0.0)
    in_hand = knowledge.item(state.item) if state.item else None
    spelt_out = _spelt_out(said.text, state, knowledge)
    if spelt_out:
        scores[spelt_out], outside, elliptic = max(0.97, scores.get(spelt_out, 0.0)), 0.0, 0.0
        ranking = sorted(scores, key=scores.__getitem__, reverse=True)
    best = scores[ranking[0]] if ranking else 0.0
    if said.denies and in_hand is not None:
        asks_anew = _questions(said) and len(squash(said.text)) > 8
        if asks_anew:
            scores.pop(in_hand.id, None)
            ranking = sorted(scores, key=scores.__getitem__, reverse=True)
            best = scores[ranking[0]] if ranking else 0.0
        if (
            best < ASK_AFTER_DENIAL
            if asks_anew
            else not _new_condition(state, said, in_hand) and (best < SWITCH_FROM or ranking[0] == in_hand.id)
        ):
            return _deny(state, scores, knowledge)
        in_hand = None if asks_anew else in_hand
    sibling = _sibling(said, in_hand, ranking, knowledge)
    if in_hand is not None and sibling is None and _continues(state, said, in_hand, ranking, scores, outside, elliptic):
        aspects = _aspects(said, state.aspects)
        if not _questions(said) or (_WHAT_IF.match(said.text) and _new_condition(state, said, in_hand)):
            aspects = state.aspects
        if aspects == ("general",) and state.aspects != ("general",) and said.intent != "ask_general":
            aspects = state.aspects
        return replace(
            _with_details(state, said, in_hand), aspects=aspects, question=said.text, failures=0, candidates=_top(scores)
        )
    if sibling is None and said.foreign and elliptic > max(best, outside) and best < ASK_AFTER_DENIAL:
        return replace(state, missing="unknown", candidates=_top(scores), question=said.text)
    length, named = _named(said.text, state, knowledge)
    surest = best if length >= 3 else max(best, _surest(said)[1])
    short = len(squash(said.text)) <= VAGUE_LENGTH
    vague = sibling is None and short and len(named) > 1 and surest < VAGUE_BELOW and outside < 0.8
    if not vague and (outside >= OUT_OF_SCOPE_FROM or (in_hand is None and _is_no_question(said, outside, elliptic, best))):
        return replace(state, missing="unknown", candidates=_top(scores), question=said.text)
    fresh = replace(
        state,
        situations=(),
        item=None,
        applicant=said.applicant or state.applicant,
        aspects=state.aspects if state.asked.get("item") and not _questions(said) else _aspects(said, ("general",)),
        candidates=_top(scores),
        question=said.text,
        failures=0,
        options=(),
        refused=(),
        asked={slot: times for slot, times in state.asked.items() if slot == "item"},
        past=((state.item, *(p for p in state.past if p != state.item))[:4] if state.item else state.past),
        denied=(*state.denied, state.item) if said.denies and state.item else state.denied,
    )
    if vague:
        return replace(fresh, service=None, options=named)
    if sibling is not None:
        return replace(fresh, item=sibling, service=_service_of(sibling, knowledge), aspects=_aspects(said, state.aspects))
    if elliptic > max(best, 0.3) or (not ranking and _surest(said)[1] < ELSEWHERE_FROM):
        return replace(fresh, service=None)  # a bare 「要带什么」: which matter?
    if spelt_out and state.jurisdiction:
        return replace(fresh, item=spelt_out, service=_service_of(spelt_out, knowledge))
    return _choose(fresh, said, ranking, scores, knowledge)


def _choose(state: State, said: Understanding, ranking: list[str], scores: dict[str, float], knowledge: Knowledge) -> State:
    services = sorted((s for s in said.services if s in knowledge.items_of), key=said.services.__getitem__, reverse=True)
    place = state.jurisdiction
    if place is None:
        options = _places_of(services[0], said.place_hints, knowledge)
        rivals = [s for s in services[1:4] if said.services[s] > RIVAL_SHARE * said.services[services[0]]]
        if len(options) > 1:
            return replace(state, service=services[0], item=None)
        if said.services[services[0]] < ASK_ITEM_BELOW and rivals:
            return replace(state, service=None, item=None, options=tuple(ranking[:4]))
        item = next(i for i in ranking if services[0] in knowledge.item(i).services and i.partition("-")[0] in options)
        return replace(state, service=services[0], item=item)
    here = [item for item in ranking if item.partition("-")[0] == place]
    top = services[0]
    if not here or (
        said.services[top] >= ELSEWHERE_FROM and not _is_here(top, place, knowledge) and scores[here[0]] < ELSEWHERE_HERE_BELOW
    ):
        return replace(state, service=top, missing="elsewhere")
    total = sum(scores[item] for item in here) or 1.0
    share = {item: scores[item] / total for item in here[:5]}
    rivals = [
        item for item in here[1:4] if share[item] > RIVAL_SHARE * share[here[0]] and not _same_service(item, here[0], knowledge)
    ]
    if share[here[0]] < ASK_ITEM_BELOW and rivals:
        return replace(state, service=None, item=None, options=(here[0], *rivals))
    best = max(knowledge.item(here[0]).services, key=lambda s: said.services.get(s, 0.0))
    return replace(state, service=best, item=here[0])


def _continues(
    state: State, said: Understanding, item: ItemView, ranking: list[str], scores: dict[str, float], outside: float, elliptic: float
) -> bool:
    """Tell whether a message goes on about the item in hand."""
    if item.id in state.denied:
        return False
    best = ranking[0] if ranking else None
    if best == item.id and scores[item.id] > min(outside, 0.5):
        return True
    grounded = _grounded(said.text, item)
    if best and scores[best] >= SWITCH_FROM and best != item.id:
        return grounded > 1 and scores[best] < 0.6 and scores[item.id] > 0.1
    if _new_condition(state, said, item) or grounded:
        return True
    if not said.foreign:
        return outside < 0.98  # it names no matter at all: a bare follow-up
    if elliptic >= 0.5 and best != item.id:
        return False  # it names a thing that neither follow-ups nor the item in hand know
    return elliptic >= outside or outside < OUT_OF_SCOPE_FROM


def _grounded(text: str, item: ItemView) -> int:
    """Return how many telling character pairs of `text` stand in what the source says of `item`."""
    spoken = squash(text)
    return len(({spoken[i : i + 2] for i in range(len(spoken) - 1)} - COMMON_WORDS) & item.pairs)


def _is_no_question(said: Understanding, outside: float, elliptic: float, best: float) -> bool:
    """Tell whether a first message is neither about an item nor a bare question such as 「要带什么」."""
    if outside + elliptic <= max(best, 0.5):
        return False
    return not said.aspects or len(squash(said.text)) > 9 or outside > elliptic


def _named(text: str, state: State, knowledge: Knowledge) -> tuple[int, tuple[str, ...]]:
    """Return (length, items): the items in the known place whose names share the longest part with a vague text, if two
    to five do; else ()."""
    spoken = squash(text)
    for length in range(MAX_NAME_PART, 1, -1):
        parts = {spoken[start : start + length] for start in range(len(spoken) - length + 1)} - COMMON_WORDS
        matching = {item.id for part in parts for item in knowledge.by_name_part.get(part, ())}
        found = [
            item.id
            for item in knowledge.items()
            if item.id in matching and item.id not in state.denied and state.jurisdiction in (None, item.jurisdiction)
        ]
        if found:
            one_place = len({i.partition("-")[0] for i in found}) == 1
            return length, tuple(found) if 2 <= len(found) <= 5 and one_place else ()
    return 0, ()


def _spelt_out(text: str, state: State, knowledge: Knowledge) -> Optional[str]:
    """Return the item in the known place whose official name makes up most of the question, else None."""
    spoken = squash(text)
    found = [
        item
        for item in knowledge.items()
        if item.jurisdiction == state.jurisdiction and item.id not in state.denied and item.spelt.partition("|")[0] in spoken
    ]
    longest = max(found, key=lambda item: len(item.name), default=None)
    return longest.id if longest and len(squash(longest.name)) * 5 >= len(spoken) * 2 else None


def _sibling(said: Understanding, in_hand: Optional[ItemView], ranking: list[str], knowledge: Knowledge) -> Optional[str]:
    """Return the neighbouring item that a follow-up names by the word in which it differs (「那终止呢」), else None."""
    if in_hand is None or not _WHAT_IF.match(said.text):
        return None
    spoken, names = squash(said.text), in_hand.name + "".join(in_hand.aliases)
    words = {spoken[i : i + 2] for i in range(len(spoken) - 1)} - COMMON_WORDS
    for item in ranking[:3]:
        other = knowledge.item(item)
        if item != in_hand.id and any(w in other.name + "".join(other.aliases) and w not in names for w in words):
            return item
    return None


def _deny(state: State, scores: dict[str, float], knowledge: Knowledge) -> State:
    """The item in hand was wrong: never offer it again, offer the next candidates."""
    denied = (*state.denied, *([state.item] if state.item else []))
    rest = [item for item, _ in state.candidates if item not in denied]
    rest += [item for item in sorted(scores, key=scores.__getitem__, reverse=True) if item not in denied and item not in rest]
    if state.jurisdiction:
        rest = [item for item in rest if item.partition("-")[0] == state.jurisdiction]
    rest = [item for item in rest if item in scores or item in dict(state.candidates)] or _alike(state, denied, knowledge)
    return replace(state, item=None, service=None, denied=denied, options=tuple(rest[:4]), situations=(), asked={})


def _alike(state: State, denied: tuple[str, ...], knowledge: Knowledge) -> list[str]:
    """Return the items of the denied one's place whose names resemble its name most."""
    wrong = knowledge.item(state.item or denied[-1])
    alike = {
        i.id: _overlap(wrong.name, i.name) for i in knowledge.items() if i.jurisdiction == wrong.jurisdiction and i.id not in denied
    }
    return [item for item in sorted(alike, key=alike.__getitem__, reverse=True)[:3] if alike[item] > 0]


# --- what is still missing -----------------------------------------------------------------------------------


def _next_step(state: State, said: Understanding, knowledge: Knowledge) -> State:
    if state.missing in ("unknown", "elsewhere"):
        return replace(state, failures=state.failures + 1, options=())
    state = replace(state, failures=0)
    if state.item is None and state.service is not None:
        places = _places_of(state.service, said.place_hints, knowledge)
        if state.jurisdiction is None and len(places) > 1:
            if "jurisdiction" in state.refused:
                return replace(state, missing="nothing", options=places)
            return _ask(state, "jurisdiction", places)
        where = state.jurisdiction or (places[0] if places else None)
        items = [i for i in knowledge.items_of[state.service] if i.partition("-")[0] == where and i not in state.denied]
        if not items:
            return replace(state, missing="elsewhere", failures=state.failures + 1)
        state = replace(state, item=items[0])
    if state.item is None:
        return _ask(state, "item", state.options)
    item = knowledge.item(state.item)
    known = frozenset(state.situations) & {s.id for s in item.situations}
    if not known:
        known = frozenset(match_situations(item, state.question)) if state.question else known
        state = replace(state, situations=tuple(s.id for s in item.situations if s.id in known))
    if "situation" not in state.refused:
        options = open_situations(item, state.aspects, known)
        if options:
            return _ask(state, "situation", options)
    if "applicant" not in state.refused:
        choices = open_applicants(item, state.aspects, state.applicant, known)
        if choices:
            return _ask(state, "applicant", choices)
    return replace(state, missing="nothing", options=(), asked={})


def _ask(state: State, slot: str, options: tuple[str, ...]) -> State:
    """Ask for `slot`; a question that went back MAX_ASKED times already is answered for every branch instead."""
    times = state.asked.get(slot, 0)
    if times >= MAX_ASKED:
        if slot == "item":
            return replace(state, missing="unknown", options=(), asked={}, failures=state.failures + 1)
        return replace(
            state, missing="nothing", options=options if slot == "jurisdiction" else (), refused=(*state.refused, slot), asked={}
        )
    return replace(state, missing=slot, options=tuple(options), asked={**state.asked, slot: times + 1})


# --- small helpers ------------------------------------------------------------------------------------------


def _item_score(item: ItemView, services: dict[str, float]) -> float:
    return max(services.get(service, 0.0) for service in item.services)


def _item_scores(state: State, said: Understanding, knowledge: Knowledge) -> dict[str, float]:
    """Probability-like score of every item that may be meant: in the known place, not denied; context counts a little."""
    refers_back = re.search("刚才|刚刚|前面|之前|头先|还是那", said.text)
    pointed = _pointed_at(state, said, knowledge)
    scores: dict[str, float] = {pointed: 0.95} if pointed else {}
    for service, probability in said.services.items():
        for item in knowledge.items_of.get(service, ()):
            if item in state.denied:
                continue
            if item == state.item:
                probability_here = min(1.0, probability * 1.5 + 0.02)
            elif item == pointed:
                probability_here = max(0.95, probability)
            elif item in state.past:
                probability_here = min(1.0, probability * (2.5 if refers_back else 1.3))
            else:
                probability_here = probability
            if state.jurisdiction in (None, item.partition("-")[0]) and probability_here > scores.get(item, 0.0):
                scores[item] = probability_here
    return scores


_POINTING = re.compile(
    r"(?:刚才|刚刚|刚|之前|前面)(?:那个|的|说的|问的)?([\u4e00-\u9fff]{1,2})|那(?:个|张|件|项|种)([\u4e00-\u9fff]{1,2})|([\u4e00-\u9fff]{2})那个"
)


def _pointed_at(state: State, said: Understanding, knowledge: Knowledge) -> Optional[str]:
    """Return the earlier item that 「那个卡」「调解那个」「刚才那个审查」 points back at, None if there is none."""
    in_hand = knowledge.item(state.item).name if state.item else ""
    for found in _POINTING.finditer(said.text):
        word = next(group for group in found.groups() if group)
        for part in (word, word[:1]):
            for item in state.past:
                if part in knowledge.item(item).name and part not in in_hand and part not in "个的办证":
                    return item
    return None


def _top(scores: dict[str, float]) -> tuple[tuple[str, float], ...]:
    best = sorted(scores, key=scores.__getitem__, reverse=True)[:8]
    return tuple((item, round(scores[item], 4)) for item in best)


def _aspects(said: Understanding, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    return said.aspects or otherwise


def _weighty(said: Understanding) -> bool:
    """Tell whether the message asks an aspect in so many words (an answer such as 「我自己去」 does not)."""
    return bool(said.aspects) and said.aspects != ("general",) and _questions(said)


def _questions(said: Understanding) -> bool:
    return bool(_QUESTION.search(said.text))


def _with_details(state: State, said: Understanding, item: Optional[ItemView] = None) -> State:
    situations = match_situations(item, said.text) if item is not None else ()
    return replace(state, applicant=said.applicant or state.applicant, situations=situations or state.situations)


def _new_condition(state: State, said: Understanding, item: ItemView) -> bool:
    situations = match_situations(item, said.text)
    return bool((said.applicant and said.applicant != state.applicant) or (situations and set(situations) != set(state.situations)))


def _is_new_matter(state: State, said: Understanding, knowledge: Knowledge, at_least: float) -> bool:
    top, probability = _surest(said)
    item = knowledge.item(state.item) if state.item else None
    if said.services.get(OUT_OF_SCOPE, 0.0) > at_least and said.intent in ("out_of_scope", *_ASK):
        return True
    return probability >= at_least and (item is None or top not in item.services)


_ASK = tuple(
    f"ask_{a}"
    for a in (
        "materials",
        "process",
        "agency",
        "where",
        "phone",
        "legal_basis",
        "eligibility",
        "time",
        "online",
        "amount",
        "general",
    )
)


def _own_service(said: Understanding) -> Optional[str]:
    top, probability = _surest(said)
    return top if probability > 0.6 and len(squash(said.text)) > 8 else None


def _surest(said: Understanding) -> tuple[Optional[str], float]:
    """Return the most probable real service and its probability; (None, 0.0) if none was ranked."""
    own = [pair for pair in said.services.items() if pair[0] not in (OUT_OF_SCOPE, CONTEXT)]
    return max(own, key=lambda pair: pair[1], default=(None, 0.0))


def _service_of(item: str, knowledge: Knowledge) -> str:
    return knowledge.item(item).services[0]


def _places_of(service: str, hints: tuple[str, ...], knowledge: Knowledge) -> tuple[str, ...]:
    places = tuple(dict.fromkeys(item.partition("-")[0] for item in knowledge.items_of[service]))
    places = tuple(place for place in knowledge.jurisdictions if place in places)
    return tuple(place for place in places if place in hints) or places


def _is_here(service: str, place: str, knowledge: Knowledge) -> bool:
    return any(item.partition("-")[0] == place for item in knowledge.items_of[service])


def _same_service(one: str, other: str, knowledge: Knowledge) -> bool:
    return set(knowledge.item(one).services) == set(knowledge.item(other).services)


def _overlap(text: str, name: str) -> float:
    """Return the share of the character pairs of `text` that stand in `name`."""
    text, name = squash(text), squash(name)
    pairs = {text[i : i + 2] for i in range(len(text) - 1)}
    return sum(pair in name for pair in pairs) / len(pairs) if pairs else 0.0
