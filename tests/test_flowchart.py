import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.flowchart import describe, svg
from bot.knowledge.schema import Flow

SVG = "{http://www.w3.org/2000/svg}"


def flow(nodes, *edges):
    """Nodes as «id: text» or (text, kind); edges as «start end label»."""
    made = [
        {"id": i, "text": t if isinstance(t, str) else t[0], "kind": "step" if isinstance(t, str) else t[1]}
        for i, t in nodes.items()
    ]
    parts = [edge.split() for edge in edges]
    return Flow(nodes=made, edges=[{"start": p[0], "end": p[1], "label": p[2] if len(p) > 2 else None} for p in parts])


CERTIFICATE = flow(
    {
        "apply": "申请人提出申请，提交材料。",
        "stop": ("终止", "end"),
        "passed": ("审核通过", "decision"),
        "examine": "鉴定机构鉴定",
        "standard": ("符合标准", "decision"),
        "issue": ("制证、发证", "end"),
    },
    "apply passed",
    "passed examine 是",
    "passed stop 否",
    "examine standard",
    "standard issue 是",
    "standard stop 否",
)


def texts(root):
    return ["".join(t.itertext()) for t in root.iter(SVG + "text")]


def boxes(root):
    """(left, top, right, bottom) of every box; the first rectangle is the background."""
    found = []
    for shape in root:
        if shape.tag == SVG + "rect":
            x, y, w, h = (float(shape.get(k)) for k in ("x", "y", "width", "height"))
            found.append((x, y, x + w, y + h))
        elif shape.tag == SVG + "polygon" and shape.get("stroke"):
            points = [tuple(map(float, p.split(","))) for p in shape.get("points").split()]
            xs, ys = zip(*points)
            found.append((min(xs), min(ys), max(xs), max(ys)))
    return found


def test_words_tell_every_branch():
    assert describe(CERTIFICATE).split("\n") == [
        "1. 申请人提出申请，提交材料",
        "2. 审核通过 —— 是：转第3步；否：转第6步",
        "3. 鉴定机构鉴定",
        "4. 符合标准 —— 是：转第5步；否：转第6步",
        "5. 制证、发证（结束）",
        "6. 终止（结束）",
    ]


def test_words_for_ways_that_part_and_meet():
    chart = flow({"a": "来信", "b": "来访", "c": "登记", "d": "建档", "e": "答复"}, "a c", "b c", "c d", "c e")
    assert describe(chart).split("\n") == [
        "1. 来信（接第3步）",
        "2. 来访",
        "3. 登记（接第4、5步）",
        "4. 建档（本支结束）",
        "5. 答复",
    ]


def test_words_for_one_answer_with_two_ways():
    chart = flow({"a": ("通过", "decision"), "b": "发放", "c": "备案"}, "a b 是", "a c 是")
    assert describe(chart).startswith("1. 通过 —— 是：转第2步、第3步\n")


def test_words_for_a_way_back():
    chart = flow({"a": "申请", "b": ("通过", "decision"), "c": ("发放", "end")}, "a b", "b c 是", "b a 否")
    assert describe(chart).split("\n")[1] == "2. 通过 —— 是：转第3步；否：转第1步"


def test_picture_is_accessible_and_stands_by_itself():
    picture = svg(CERTIFICATE, "办证 <流程图> & 说明")
    root = ET.fromstring(picture)
    title, description = root.find(SVG + "title"), root.find(SVG + "desc")
    assert root.get("role") == "img"
    assert root.get("aria-labelledby").split() == [title.get("id"), description.get("id")]
    assert title.text == "办证 <流程图> & 说明"
    assert description.text == describe(CERTIFICATE)
    assert not re.search(r"<script|<style|<image|<use|href|url\(|@import|\son\w+=", picture)
    assert {element.tag for element in root.iter()} == {
        SVG + t for t in ("svg", "title", "desc", "rect", "polygon", "polyline", "text", "tspan")
    }


def test_picture_shows_all_texts_and_labels():
    shown = texts(ET.fromstring(svg(CERTIFICATE, "办证")))
    assert sorted(shown) == sorted([node.text for node in CERTIFICATE.nodes] + ["是", "否", "是", "否"])


def test_ids_of_two_pictures_on_one_page_differ():
    first, second = (ET.fromstring(svg(CERTIFICATE, title)).get("aria-labelledby") for title in ("甲", "乙"))
    assert first != second


def test_long_text_is_wrapped_and_keeps_punctuation_and_words_together():
    text = "没有智能手机的申领人（老年人），可以用子女的智能手机下载ABCDEFGH，再进行《关联操作说明》所写的关联。"
    root = ET.fromstring(svg(flow({"a": text}), "关联"))
    rows = [row.text for row in root.iter(SVG + "tspan")]
    assert "".join(rows) == text
    assert len(rows) > 2
    assert all(len(row) <= 16 for row in rows)
    assert not any(row[0] in "，。）》" or row[-1] in "（《" for row in rows)
    assert any("ABCDEFGH" in row for row in rows)


def test_steps_go_down_the_page():
    chart = flow({"a": "申请", "b": "审核", "c": "发放"}, "a b", "b c")
    tops = [box[1] for box in boxes(ET.fromstring(svg(chart, "办理")))[1:]]
    assert tops == sorted(tops)
    assert len(set(tops)) == 3


@pytest.mark.parametrize(
    "chart",
    [
        flow({}),
        flow({"a": "申请"}),
        flow({"a": "申请"}, "a a 再来"),
        flow({"a": "申请", "b": "审核"}),
        flow({"a": "申请", "b": "审核"}, "a b 是", "a b 否"),
        flow({"a": "申请", "b": "审核", "c": "退回"}, "a b", "b c", "c a"),
        flow({"a": "甲", "b": "乙", "c": "丙", "d": "丁"}, "a b", "b a", "c d", "d c"),
    ],
    ids=["empty", "one", "to itself", "not joined", "two edges", "circle", "two circles"],
)
def test_odd_charts(chart):
    root = ET.fromstring(svg(chart, "图"))
    assert len(boxes(root)) == len(chart.nodes) + 1
    labels = [edge.label for edge in chart.edges if edge.label]
    assert all(any(label in text for text in texts(root)) for label in labels)


def test_control_characters_do_not_break_the_xml():
    ET.fromstring(svg(flow({"a": "申\x0b请\x00"}), "图\x01"))


@st.composite
def charts(draw):
    count = draw(st.integers(1, 9))
    ids = [f"n{i}" for i in range(count)]
    kinds = st.sampled_from(["step", "decision", "end"])
    nodes = {i: (draw(st.text("申请审核，（）A1", min_size=1, max_size=60)), draw(kinds)) for i in ids}
    ends = st.tuples(st.sampled_from(ids), st.sampled_from(ids), st.sampled_from(["", "是", "否"]))
    return flow(nodes, *(" ".join(edge) for edge in draw(st.lists(ends, max_size=14))))


@settings(max_examples=150, deadline=None)
@given(charts())
def test_any_chart_can_be_drawn(chart):
    picture = svg(chart, "图")
    assert picture == svg(chart, "图")
    background, *others = boxes(ET.fromstring(picture))
    assert len(others) == len(chart.nodes)
    for i, (left, top, right, bottom) in enumerate(others):
        assert background[0] <= left and right <= background[2] and background[1] <= top and bottom <= background[3]
        for other in others[:i]:
            # Boxes do not lie on each other (coordinates are rounded to a tenth).
            apart = other[2] <= left + 0.2 or right <= other[0] + 0.2 or other[3] <= top + 0.2 or bottom <= other[1] + 0.2
            assert apart, (other, (left, top, right, bottom))
    assert len(describe(chart).split("\n")) == len(chart.nodes)
