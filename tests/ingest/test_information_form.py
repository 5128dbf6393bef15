from __future__ import annotations

import pytest

from bot.errors import SourceError
from bot.ingest import information_form


def form(number: str, name: str, heading: str | None = None, **fields: str) -> str:
    rows = {"法定依据": "《测试条例》", "实施机构": "测试中心", "运行流程": "申请—审核", "运行要件": "身份证", **fields}
    table = f"\t序号\n\t{number}\n\n\t名称\n\t{name}\n\n" + "".join(f"\t{label}\n\t{text}\n\n" for label, text in rows.items())
    return f"\t{heading or name + '信息表'}\n\n\t\n\t\n\n{table}\n\n"


def test_reads_number_name_heading_and_fields_in_order() -> None:
    entries = information_form.read(form("1.1", "养猫登记") + form("1.2", "养狗登记", 监督方式="12345"))
    assert [(e.number, e.name, e.heading) for e in entries] == [
        ("1.1", "养猫登记", "养猫登记信息表"),
        ("1.2", "养狗登记", "养狗登记信息表"),
    ]
    assert list(entries[1].fields) == ["法定依据", "实施机构", "运行流程", "运行要件", "监督方式"]
    assert entries[1].fields["监督方式"] == "12345"
    assert entries[0].problems == ()


def test_keeps_the_lines_of_a_cell_and_white_space_lines_within_it() -> None:
    (entry,) = information_form.read(form("1.1", "养猫登记", 运行要件="1、户口本\n    \n2、身份证"))
    assert entry.fields["运行要件"] == "1、户口本\n2、身份证"


def test_reads_a_value_whose_label_runs_over_several_lines() -> None:
    text = form("1.1", "养猫登记").replace("\t法定依据\n", "\t法定依据\n\u3000\n\u3000\n")
    (entry,) = information_form.read(text)
    assert entry.fields["法定依据"] == "《测试条例》"
    assert entry.problems == ()


def test_reads_a_heading_of_two_lines_and_one_outside_the_table() -> None:
    text = form("1.1", "养猫登记", heading="养猫登\n记信息表") + form("1.2", "养狗登记").replace(
        "\t养狗登记信息表", "养狗登记信息表"
    )
    assert [e.heading for e in information_form.read(text)] == ["养猫登记信息表", "养狗登记信息表"]


def test_unknown_labels_become_fields() -> None:
    (entry,) = information_form.read(form("1.1", "养猫登记", 收费标准="10元"))
    assert entry.fields["收费标准"] == "10元"


def test_a_row_whose_label_is_merged_continues_the_field_above() -> None:
    text = form("1.1", "养猫登记").replace("\t运行要件\n\t身份证\n\n", "\t运行要件\n\t身份证\n\n\t\n\t户口本\n\n")
    (entry,) = information_form.read(text)
    assert entry.fields["运行要件"] == "身份证\n户口本"


def test_a_cell_printed_for_each_column_it_spans_counts_once() -> None:
    text = form("1.1", "养猫登记").replace("\t测试中心\n", "\t测试中心\n\t测试中心\n")
    assert information_form.read(text)[0].fields["实施机构"] == "测试中心"


@pytest.mark.parametrize("printed", ["", "　", "一"])
def test_a_lost_number_is_filled_in_and_told(printed: str) -> None:
    entry = information_form.read(form("2.3", "养猫登记") + form(printed, "养狗登记"))[1]
    assert entry.number == "2.4"
    assert "number lost" in entry.problems[0]


def test_a_missing_number_row_is_told() -> None:
    text = form("2.3", "养猫登记") + form("9", "养狗登记").replace("\t序号\n\t9\n\n", "")
    entry = information_form.read(text)[1]
    assert (entry.number, entry.name) == ("2.4", "养狗登记")
    assert "number lost" in " ".join(entry.problems)


def test_missing_name_and_fields_and_repeated_numbers_are_told() -> None:
    text = form("1.1", "养猫登记") + form("1.1", "", heading="养狗登记信息表").replace("\t运行要件\n\t身份证\n\n", "")
    entry = information_form.read(text)[1]
    assert entry.name == "养狗登记"
    assert len(entry.problems) == 3


def test_table_of_contents_gives_the_category_and_a_lost_number() -> None:
    contents = (
        " \t序号\n\t主要\n职责\n\t职责事项\n\n\t\n\t\n\t序号\n\t名称\n\t页码\n\n"
        "\t1\n\t管理动物\n\t1.1\n\t 养猫登记\n\t1\n\n\t\n\t\n\t1.7\n\t养狗登记\n\t2\n\n"
    )
    cat, dog = information_form.read(contents + form("1.1", "养猫登记") + form("", "养狗登记"))
    assert cat.fields["主要职责"] == dog.fields["主要职责"] == "管理动物"
    assert (cat.inherited, dog.inherited) == (frozenset(), {"主要职责"})
    assert dog.number == "1.7"


def test_reads_a_form_that_lost_its_tabs() -> None:
    (entry,) = information_form.read(form("1.1", "养猫登记").replace("\t", ""))
    assert (entry.number, entry.name, entry.fields["运行要件"]) == ("1.1", "养猫登记", "身份证")


@pytest.mark.parametrize("text", ["", "今天天气很好", "\t序号\n\t事项名称\n\t办理部门\n\n\t1\n\t失业登记\n\t街道\n"])
def test_other_documents_are_not_recognised(text: str) -> None:
    assert not information_form.recognises(text)
    with pytest.raises(SourceError, match="信息表"):
        information_form.read(text)


def test_recognises_a_form() -> None:
    assert information_form.recognises(form("1.1", "养猫登记"))
