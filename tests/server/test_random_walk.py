"""Conversations that no one would script: random turns of every kind must never break the form of a reply."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Optional

import pytest

from tests.conftest import Server

pytestmark = pytest.mark.server
CONVERSATIONS, TURNS = 40, 50
PLACES = (None, "dagang", "dagu", "yuzhong", "hebei", "gaoxin")
KINDS = {"answer", "clarify", "fallback", "chitchat", "handoff"}
SLOTS = {"jurisdiction", "item", "situation", "applicant"}
FAULT = "系统出了点问题"
DENIAL = "不是这个"
TAP = "〔tap〕"  # stands for a random option of the last reply

POOL = (
    # questions over many items
    *("社保卡坏了咋换", "第一次办社保卡要啥手续", "社保卡先挂失去哪儿", "养老金资格认证怎么弄", "人在外地养老金认证咋整"),
    *("失业登记要带什么", "招聘会啥时候有", "就业困难人员认定要什么材料", "灵活就业登记流程", "创业担保贷款咋申请"),
    *("一次性创业补贴能领多少", "异地就医备案要带啥", "垫付的住院费怎么报", "门特换医院找谁", "医保目录查询咋弄"),
    *("残疾人两项补贴要交什么表", "残疾人证怎么办", "低保怎么申请", "高龄老人助老卡咋办", "居民医保给娃上要啥"),
    *("城乡养老保险人死了怎么退", "公司欠薪去哪投诉", "劳动调解要写什么申请", "党组织关系转进来怎么弄", "工伤住院伙食补助咋领"),
    *("提前退休要什么条件", "个人权益记录打印", "职业培训报名电话", "困境儿童生活费依据哪条", "社区盖章找谁"),
    *("残疾人那个咋办", "医保查询怎么弄", "补贴怎么领", "认证", "要带什么"),
    # with a place or a person in them
    *("我在渝中区，社保卡密码忘了", "大港这边退休信息写错了找谁改", "高新区慢性病怎么申请", "替我爸问问丧葬费要什么材料"),
    # places, people, situations, numbers
    *("大港", "我是渝中的", "天津的", "说错了，我在河北区", "那大沽呢", "新乡的"),
    *("本人", "我替我妈办", "孩子他姥姥", "不是我本人", "单位统一办", "还是我自己去吧"),
    *("户口迁走了", "我离了婚带个娃", "是残疾人", "我不要补贴", "人已经没了"),
    *("1", "2", "第三个", "最后一个", "9", TAP, TAP, TAP, TAP, TAP),
    # follow-ups
    *("那电话多少", "依据是哪条", "要几天", "去哪儿办", "网上能办吗", "收费吗", "归谁管", "那终止呢", "刚才那个再说一遍", "然后呢"),
    # denials, refusals, yes
    *(DENIAL, DENIAL, DENIAL, "不对", "都不是", "不知道", "说不清", "随便", "嗯", "好的"),
    # small talk and people
    *("你好", "谢谢啊", "再见", "你多大了", "讲个笑话", "转人工", "你咋这么笨"),
    # not ours
    *("明天下雨不", "公积金怎么提", "火车票咋买", "驾照过期了咋办", "我邻居正在打他媳妇快出人命了"),
    # garbage
    *("asdfgh", "？？？", "😀😀", "。", "/restart", "啊啊啊啊啊啊", "<b>x</b>", "11010519491231002X", "0", "的"),
)


@dataclass(frozen=True)
class Fault:
    kind: str  # form, repeated or denied
    what: str
    sender: str
    place: Optional[str]
    said: tuple[str, ...]  # the last five messages


class Walk:
    """One conversation: says something random and checks the reply against what went before."""

    def __init__(self, server: Server, seed: int):
        self.server, self.random, self.sender = server, random.Random(seed), f"walk-{seed}"
        self.place: Optional[str] = self.random.choice(PLACES)
        self.last: Optional[dict[str, Any]] = None
        self.in_hand: Optional[str] = None
        self.said: list[str] = []
        self.same = 1  # how often the last clarification came in a row

    def next_message(self) -> str:
        message = self.random.choice(POOL)
        if message != TAP:
            return message
        options = (self.last or {}).get("options") or [{"title": "第一个"}]
        return self.random.choice(options)["title"]

    def turn(self) -> list[Fault]:
        """Return what is wrong with the reply to one random message."""
        message = self.next_message()
        self.said.append(message)
        reply = self.server.say(self.sender, message, self.place)  # asserts a non-empty list with exactly one custom
        wrong = [("form", fault) for fault in form_faults(reply)]
        if self.repeats(reply):
            wrong.append(("repeated", f"asks for {reply['slot']} {self.same} times in a row"))
        if message == DENIAL and self.in_hand and reply["kind"] == "answer" and reply["item"] == self.in_hand:
            wrong.append(("denied", f"answers the denied {self.in_hand}"))
        if reply["kind"] == "answer":
            self.in_hand = reply["item"]
        elif reply["kind"] == "clarify":  # asking for situation or applicant is about an item; a choice of items has none yet
            self.in_hand = reply["item"] if reply["slot"] in ("situation", "applicant") else None
        self.last = reply
        return [Fault(kind, what, self.sender, self.place, tuple(self.said[-5:])) for kind, what in wrong]

    def repeats(self, reply: dict[str, Any]) -> bool:
        """Tell whether the same clarification comes more than twice in a row."""
        last = self.last
        same = last is not None and all(last[key] == reply[key] for key in ("kind", "slot", "item", "options"))
        self.same = self.same + 1 if same and reply["kind"] == "clarify" else 1
        return self.same > 2


def form_faults(reply: dict[str, Any]) -> list[str]:
    """Return what is wrong with a reply whatever was said."""
    wrong = []
    if not reply["text"].strip() or not all(message.get("text", "").strip() for message in reply["messages"]):
        wrong.append("empty text")
    if reply["kind"] not in KINDS:
        wrong.append(f"kind {reply['kind']}")
    if FAULT in reply["text"]:
        wrong.append("fault sentence")
    if reply["kind"] == "answer" and not (reply["item"] and reply["source"]):
        wrong.append("answer without item or source")
    if reply["kind"] == "clarify":
        if reply["slot"] not in SLOTS:
            wrong.append(f"slot {reply['slot']}")
        if reply["slot"] != "item" and not reply["options"]:
            wrong.append(f"{reply['slot']} asked without options")
        wrong += [f"option {o['title']} not in the text" for o in reply["options"] if o["title"] not in reply["text"]]
    return wrong


@pytest.fixture(scope="module")
def faults(server: Server) -> list[Fault]:
    """Walk all conversations once."""
    walks = [Walk(server, seed) for seed in range(CONVERSATIONS)]
    return [fault for walk in walks for _ in range(TURNS) for fault in walk.turn()]


def test_every_reply_keeps_its_form(faults: list[Fault]) -> None:
    assert not [fault for fault in faults if fault.kind == "form"]


def test_no_question_goes_back_more_than_twice_in_a_row(faults: list[Fault]) -> None:
    assert not [fault for fault in faults if fault.kind == "repeated"]


def test_no_other_question_goes_back_more_than_twice_in_a_row(faults: list[Fault]) -> None:
    assert not [fault for fault in faults if fault.kind == "repeated" and "for item" not in fault.what]


def test_a_denied_item_is_not_answered(faults: list[Fault]) -> None:
    assert not [fault for fault in faults if fault.kind == "denied"]
