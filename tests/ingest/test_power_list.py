import textwrap

import pytest

from bot.errors import SourceError
from bot.ingest.power_list import read, recognises

TABLE = """
\t职权名称
\t{name}

\t法定依据
\t   《某某办法》第三条：符合条件的居民可以申请。

\t实施机构
\t区某局（某科）

\t运行流程
\t申请—审核—发放

\t责任事项
\t1.向户籍街道提出申请；
2.街道服务站审核材料；
3.区某局审批并登记。


"""


def entry(heading, name, title, chart):
    return heading + "\n" + TABLE.format(name=name) + title + "\n" + chart + "\n\n"


DOCUMENT = " 附件\n某区“小微权力”运行流程及运行流程图\n" + "".join(
    [
        entry(
            "1.1高龄津贴申请",
            "高龄津贴申请",
            "高龄津贴申请权力运行流程图",
            " (\n向户籍\n街道\n提出申请\n，\n提交\n材料\n街道\n服务站\n审核通过\n区某局审批\n并登记\n办理（\n盖章）\n是\n否\n)\n",
        ),
        entry(
            "1.2借用活动室",
            "社区活动室借用",
            "1.3借用活动室\n权力运行流程图",
            "    居民到社区登记\n\n (\n社区公示\n)\n (\n社区和街道逐级\n审批\n) (\n交接\n)\n\n (\n7\n)",
        ),
        entry("借阅图书", "借阅图书", "借阅图书权力运行流程图 (", "借书\n还书\n还书\n)"),
    ]
)


@pytest.fixture(scope="module")
def entries():
    return read(DOCUMENT)


def test_entries_and_their_tables(entries):
    first = entries[0]
    assert [(e.number, e.name) for e in entries] == [("1.1", "高龄津贴申请"), ("1.2", "借用活动室"), ("1.3", "借阅图书")]
    assert first.heading == "1.1高龄津贴申请"
    assert list(first.fields) == ["职权名称", "法定依据", "实施机构", "运行流程", "责任事项", "流程图"]
    assert first.fields["法定依据"] == "《某某办法》第三条：符合条件的居民可以申请。"
    assert first.fields["责任事项"] == "1.向户籍街道提出申请；\n2.街道服务站审核材料；\n3.区某局审批并登记。"


def test_fragments_of_the_chart_are_joined(entries):
    assert entries[0].fields["流程图"].split("\n") == [
        "向户籍街道提出申请，提交材料",
        "街道服务站审核通过",
        "区某局审批并登记",
        "办理（盖章）",
        "是",
        "否",
    ]


def test_boxes_in_brackets_of_their_own_and_text_outside(entries):
    assert entries[1].fields["流程图"].split("\n") == ["居民到社区登记", "社区公示", "社区和街道逐级审批", "交接"]


def test_no_character_of_the_chart_is_lost(entries):
    chart = DOCUMENT.split("高龄津贴申请权力运行流程图")[1].split("1.2借用")[0]
    assert entries[0].fields["流程图"].replace("\n", "") == "".join(c for c in chart if c not in "()\n ")


@pytest.mark.parametrize(
    ("index", "problem"),
    [
        (0, "flow chart: «是» has lost its arrow (1 times)"),
        (1, "heading says «借用活动室», the table says «社区活动室借用»"),
        (1, "flow chart is headed 1.3, the entry 1.2"),
        (1, "page number «7» left out of the flow chart"),
        (2, "number lost in the text; 1.3 taken from the sequence"),
        (2, "flow chart prints «还书» 2 times"),
        (2, "heading number 1.3 stands 2 times in the document"),
    ],
)
def test_problems(entries, index, problem):
    assert problem in entries[index].problems


def test_nothing_to_report_of_a_clean_entry():
    clean = entry("2.1发证", "发证", "发证权力运行流程图", " (\n申请\n发证\n)")
    assert read(clean)[0].problems == ()


def test_unknown_label_and_value_that_looks_like_one():
    text = textwrap.dedent(
        """\
        1发证
        \t职权名称
        \t发证

        \t办理时限
        \t五日

        \t实施机构
        \t街道办事处

        """
    )
    (only,) = read(text)
    assert only.fields == {"职权名称": "发证", "办理时限": "五日", "实施机构": "街道办事处"}
    assert only.problems == ("no flow chart found",)


def test_empty_field_is_reported():
    text = "1.1发证\n\t职权名称\n\t发证\n\n\t法定依据\n\t\n\n\t实施机构\n\t街道\n\n发证流程图\n (\n发证\n)\n"
    (only,) = read(text)
    assert only.fields["法定依据"] == ""
    assert "field «法定依据» is empty" in only.problems


def test_line_endings_of_windows():
    assert read(DOCUMENT.replace("\n", "\r\n")) == read(DOCUMENT)


def test_recognises():
    assert recognises(DOCUMENT)
    assert not recognises("序号\n\t事项名称\n\t运行流程\n")
    assert not recognises("")


def test_other_documents_are_refused():
    with pytest.raises(SourceError, match="职权名称"):
        read("\t序号\n\t事项名称\n")
