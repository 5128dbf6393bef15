"""The reader of 事项清单 tables, on small made-up tables."""

import pytest

from bot.errors import SourceError
from bot.ingest.service_table import read, recognises

HEADINGS = ["序号", "事项名称", "办理深度", "责任科室", "备注"]


def row(*cells):
    return "".join(f"\t{cell}\n" for cell in cells) + "\n"


def table(*rows, headings=HEADINGS, before="某县便民服务事项清单\n\n", after=""):
    return before + row(*headings) + "".join(row(*cells) for cells in rows) + after


def fields(entry):
    return dict(entry.fields)


def test_columns_are_named_by_the_headings():
    (entry,) = read(table(["1", "养犬登记", "街道受理", "城管科", "每年一次"]))
    assert (entry.number, entry.name, entry.heading) == ("1", "养犬登记", "")
    assert list(entry.fields.items()) == [
        ("事项名称", "养犬登记"),
        ("办理深度", "街道受理"),
        ("责任科室", "城管科"),
        ("备注", "每年一次"),
    ]
    assert entry.inherited == frozenset() and entry.problems == ()


def test_any_columns_in_any_order_and_number():
    text = table(
        ["（1）", "便民", "养犬登记", "身份证"],
        ["（2）", "", "停车证办理", "行驶证"],
        headings=["编号", "事项类别", "服务 项目", "所需材料"],
    )
    first, second = read(text)
    assert [(e.number, e.name) for e in (first, second)] == [("1", "养犬登记"), ("2", "停车证办理")]
    assert fields(second) == {"事项类别": "便民", "服务项目": "停车证办理", "所需材料": "行驶证"}
    assert second.inherited == {"事项类别"}


def test_merged_cells_inherit_but_remarks_do_not():
    first, second, third = read(
        table(
            ["1", "甲证办理", "街道受理", "一科", "只限本区"],
            ["2", "乙证办理", "", "", ""],
            ["3", "丙证办理", "", "二科", ""],
        )
    )
    assert second.fields["办理深度"] == "街道受理" and second.fields["责任科室"] == "一科" and second.fields["备注"] == ""
    assert second.inherited == {"办理深度", "责任科室"}
    assert third.fields["责任科室"] == "二科" and third.inherited == {"办理深度"}
    assert first.inherited == frozenset()


def test_an_empty_column_with_nothing_above_stays_empty():
    first, second = read(table(["1", "甲证办理", "", "一科", ""], ["2", "乙证办理", "街道受理", "", ""]))
    assert first.fields["办理深度"] == "" and first.inherited == frozenset()
    assert second.fields["办理深度"] == "街道受理"


def test_repeated_page_heading_is_skipped_and_merged_cells_go_on():
    text = table(["1", "甲证办理", "街道受理", "一科", ""]) + table(["2", "乙证办理", "", "", ""], before="")
    first, second = read(text)
    assert second.fields["责任科室"] == "一科" and second.problems == () and first.problems == ()


def test_page_number_at_a_page_break_is_no_content():
    text = table(["1", "甲证办理", "街道受理", "一科", "无"], after="- 1 -\n\n")
    first, second = read(text + table(["2", "乙证办理", "", "", ""], before=""))
    assert first.fields["备注"] == "无" and second.fields["责任科室"] == "一科" and first.problems == ()


def test_blank_line_in_a_cell_does_not_end_the_row():
    text = table(
        ["1", "甲证\n\n办理", "街道受理\n\n", "一科", ""],
        ["2", "乙证办理", "街道受理", "二科\n", "20"],
        ["\n3", "丙  证\n办理", "街道受理", "三科", ""],
    )
    entries = read(text)
    assert [e.name for e in entries] == ["甲证办理", "乙证办理", "丙证办理"]
    assert [e.fields["责任科室"] for e in entries] == ["一科", "二科", "三科"]
    assert entries[1].fields["备注"] == "20"
    assert all(e.problems == () for e in entries)


def test_blank_line_before_the_last_cell_of_the_table():
    (entry,) = read(table(["1", "甲证办理", "街道受理", "一科\n", "只限本区"]))
    assert entry.fields["备注"] == "只限本区"


def test_rows_of_one_number_are_joined():
    text = table(
        ["1", "户口迁移", "受理迁入", "一科", ""],
        ["", "", "受理迁出", "", "限本市"],
        ["", "", "", "", ""],
        ["2", "户口注销", "受理", "二科", ""],
    )
    first, second = read(text)
    assert fields(first) == {"事项名称": "户口迁移", "办理深度": "受理迁入\n受理迁出", "责任科室": "一科", "备注": "限本市"}
    assert second.name == "户口注销"


def test_lost_number_is_taken_from_the_sequence_and_told():
    text = table(["1", "甲证", "街道", "一科", ""], ["", "乙证", "街道", "", ""], ["3", "丙证", "街道", "", ""])
    assert [(e.number, e.name) for e in read(text)] == [("1", "甲证"), ("2", "乙证"), ("3", "丙证")]
    assert "number lost" in read(text)[1].problems[0]


def test_lost_numbers_of_sub_numbering():
    rows = [[n, f"{n or '丢号'}证", "街道", "一科", ""] for n in ("1.1", "", "1.3", "2.1", "", "2.3")]
    assert [e.number for e in read(table(*rows))] == ["1.1", "1.2", "1.3", "2.1", "2.2", "2.3"]


def test_named_row_without_a_gap_in_the_numbers_belongs_to_the_item_above():
    text = table(["1", "甲证", "街道", "一科", ""], ["", "甲证副本", "社区", "", ""], ["2", "乙证", "街道", "", ""])
    first, second = read(text)
    assert first.fields["办理深度"] == "街道\n社区" and first.name == "甲证" and "甲证副本" in first.problems[0]
    assert (second.number, second.problems) == ("2", ())


def test_table_whose_numbers_are_all_lost():
    text = table(["", "甲证", "街道", "一科", ""], ["", "乙证", "街道", "", ""])
    assert recognises(text)
    assert [(e.number, e.name) for e in read(text)] == [("1", "甲证"), ("2", "乙证")]
    assert all("number lost" in e.problems[0] for e in read(text))


def test_swallowed_cells_at_a_row_boundary():
    text = (
        table(["1", "甲证", "街道", "一科", "备"], ["2", "乙证", "街道", "一科", ""])
        + "\t3\n\t丙证\n\t街道\n\t二科\n"  # the last cell, the row's end and the next number are lost
        + " \t丁证\n\t社区\n\t三科\n\t限本区\n\n"
        + row("5", "戊证", "街道", "", "")
    )
    entries = read(text)
    assert [(e.number, e.name) for e in entries] == [("1", "甲证"), ("2", "乙证"), ("3", "丙证"), ("4", "丁证"), ("5", "戊证")]
    third, fourth, fifth = entries[2:]
    assert third.fields["责任科室"] == "二科" and third.fields["备注"] == "" and "last 1" in third.problems[0]
    assert fields(fourth) == {"事项名称": "丁证", "办理深度": "社区", "责任科室": "三科", "备注": "限本区"}
    assert any("number lost" in p for p in fourth.problems)
    assert fifth.fields["责任科室"] == "三科" and fifth.problems == ()


def test_stray_blank_before_a_tab_inside_a_whole_row_is_harmless():
    text = table(["1", "甲证", "街道", "一科", ""]) + "\t2\n\t乙证\n \t社区\n\t二科\n\t\n\n"
    assert fields(read(text)[1]) == {"事项名称": "乙证", "办理深度": "社区", "责任科室": "二科", "备注": ""}


SPREAD = ["序号", "服 务 项 目", "服务对象", "办理部门"]


def test_heading_over_group_and_name():
    text = table(
        ["1", "养\n老", "参保", "居民", "镇平台"],
        ["2", "", "领取", "老人", ""],
        ["3", "争议调解", "职工", ""],
        ["4", "医疗", "缴费", "居民", "区中心"],
        headings=SPREAD,
    )
    first, second, third, fourth = read(text)
    assert fields(first) == {"服务项目（类别）": "养\n老", "服务项目": "参保", "服务对象": "居民", "办理部门": "镇平台"}
    assert second.name == "领取" and second.inherited == {"服务项目（类别）", "办理部门"}
    assert fields(third) == {"服务项目": "争议调解", "服务对象": "职工", "办理部门": "镇平台"}
    assert third.inherited == {"办理部门"} and third.problems == ()
    assert fourth.fields["服务项目（类别）"] == "医疗"


def test_last_cell_lost_in_a_row_whose_group_and_name_are_one_cell():
    text = table(["1", "养老", "参保", "居民", "镇平台"], headings=SPREAD) + "\t2\n\t争议调解\n\t职工\n "
    entry = read(text)[1]
    assert fields(entry) == {"服务项目": "争议调解", "服务对象": "职工", "办理部门": "镇平台"}
    assert "lost in the text" in entry.problems[0]


def test_second_line_of_headings():
    text = table(
        ["", "", "法定", "承诺", ""],
        ["1", "养犬登记", "20日", "5日", "城管科"],
        ["2", "停车证办理", "10日", "3日", ""],
        headings=["序号", "事项名称", "办理时限", "责任科室"],
    )
    first, second = read(text + text.replace("养犬登记", "丢犬登记").replace("\t1\n", "\t3\n").replace("\t2\n", "\t4\n"))[:2]
    assert fields(first) == {"事项名称": "养犬登记", "办理时限·法定": "20日", "办理时限·承诺": "5日", "责任科室": "城管科"}
    assert second.fields["责任科室"] == "城管科"


def test_titles_between_the_rows_become_headings():
    text = table(
        ["一、民政"],
        ["1", "老年证办理", "社区", "一科", ""],
        ["二、城管", "", "", "", ""],
        ["2", "养犬登记", "街道", "二科", ""],
    )
    assert [(e.heading, e.name) for e in read(text)] == [("一、民政", "老年证办理"), ("二、城管", "养犬登记")]


def test_parts_with_the_same_headings_are_tables_of_their_own():
    text = table(["1", "老年证办理", "社区", "一科", ""], before="清单\n\n（一）民政\n\n") + table(
        ["2", "养犬登记", "", "二科", ""], before="（二）城管\n\n"
    )
    first, second = read(text)
    assert (first.heading, second.heading) == ("（一）民政", "（二）城管")
    assert second.fields["办理深度"] == "" and first.fields["备注"] == "" and first.problems == ()


def test_text_behind_the_table_is_left_out_and_told():
    (entry,) = read(table(["1", "甲证", "街道", "一科", ""], after="\n（备注：本表自印发之日起施行）\n"))
    assert entry.fields["备注"] == "" and "本表自印发" in entry.problems[0]
    (entry,) = read(table(["1", "甲证", "街道", "一科", ""], after="\t附件2\n\n\t另一份文件\n\n"))
    assert entry.fields["备注"] == "" and entry.problems == ()


def test_tables_of_another_kind_are_passed_over():
    standards = table(["1", "建筑面积", "不少于200平方米"], headings=["序号", "规范事项", "具体要求"])
    services = table(["1", "甲证", "街道", "一科", ""], before="\t附件2\n\n\t服务清单\n\n")
    assert not recognises(standards)
    assert recognises(standards + services)
    assert [e.name for e in read(standards + services)] == ["甲证"]


def test_number_printed_twice_is_told():
    first, second = read(table(["1", "甲证", "街道", "一科", ""], ["1", "乙证", "街道", "一科", ""]))
    assert "number 1 stands 2 times" in first.problems and "number 1 stands 2 times" in second.problems


def test_too_many_cells_keep_all_text():
    text = table(["1", "甲证", "街道", "一科", ""], ["2", "乙证", "街道", "二科", "备", "多出"], ["3", "丙证", "街道", "", ""])
    entry = read(text)[1]
    assert entry.fields["备注"] == "备\n多出" and "6 cells" in entry.problems[0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "没有表格的一段话。\n",
        "\t序号\n\t1\n\n\t名称\n\t养犬登记\n\n\t法定依据\n\t某条例\n",  # a form for one item
        row(*HEADINGS),  # no items
    ],
)
def test_other_texts_are_not_recognised(text):
    assert not recognises(text)
    with pytest.raises(SourceError, match="序号"):
        read(text)


def test_line_ends_of_other_systems():
    text = table(["1", "甲证", "街道", "一科", ""], ["2", "乙证", "", "", ""])
    assert read(text.replace("\n", "\r\n")) == read(text)
