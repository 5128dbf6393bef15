"""The form of the YAML under knowledge/, as pydantic models; what does not fit is refused with a clear message.

One file per item, `knowledge/<jurisdiction>/<number>.yml`. The wording of every text is the source's own.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Optional

from pydantic import BaseModel, Extra, Field, constr, root_validator, validator

if TYPE_CHECKING:
    Text = str
else:
    Text = constr(strip_whitespace=True, min_length=1)


class Applicant(str, Enum):
    """Who stands at the counter."""

    self = "self"  # 本人
    agent = "agent"  # 代办
    unit = "unit"  # 单位


class Aspect(str, Enum):
    """What is asked about an item."""

    materials = "materials"
    process = "process"
    agency = "agency"
    where = "where"
    phone = "phone"
    legal_basis = "legal_basis"
    eligibility = "eligibility"
    time = "time"
    online = "online"
    amount = "amount"
    general = "general"


class Strict(BaseModel):
    class Config:
        extra = Extra.forbid


class Statement(Strict):
    """One material, step or other sentence of the source.

    `about` names aspects that the sentence answers besides those of its section: a step that says
    「到1号窗口办理」 is also about `where`, one that says 「5个工作日内」 also about `time`.
    """

    text: Text
    about: list[Aspect] = []


class Branch(Strict):
    """Statements that hold under the same conditions.

    `applicants` and `situations` empty means: for everyone, in every situation. `heading` is the wording of the
    source that introduces the branch (「代理办卡」); it is shown where several branches stand side by side.
    """

    heading: Optional[Text] = None
    applicants: list[Applicant] = []
    situations: list[str] = []
    texts: list[Statement] = Field(..., min_items=1)

    @validator("texts", each_item=True, pre=True)
    def _as_statement(cls, value):  # noqa: N805 (pydantic's own form)
        return {"text": value} if isinstance(value, str) else value


class Situation(Strict):
    """A case that the source tells apart (死亡, 低保家庭, 门急诊垫付 …).

    `name` is the source's word, shown as an option. `phrases` are everyday words that point to it
    (人没了, 吃低保的): short, typical of this situation and of no other of the same item.
    """

    id: constr(regex=r"^[a-z][a-z0-9_]*$")
    name: Text
    phrases: list[Text] = []


class Contact(Strict):
    kind: constr(regex=r"^(phone|email|address)$")
    label: Text
    value: Text


class FlowNode(Strict):
    id: constr(regex=r"^[a-z][a-z0-9_]*$")
    text: Text
    kind: constr(regex=r"^(step|decision|end)$") = "step"


class FlowEdge(Strict):
    start: str
    end: str
    label: Optional[Text] = None


class Flow(Strict):
    """The flow chart of the source: boxes and arrows, 是/否 as edge labels."""

    nodes: list[FlowNode]
    edges: list[FlowEdge]

    @root_validator(skip_on_failure=True)
    def _edges_join_nodes(cls, values):  # noqa: N805
        known = {node.id for node in values["nodes"]}
        for edge in values["edges"]:
            for end in (edge.start, edge.end):
                if end not in known:
                    raise ValueError(f"edge to an unknown node «{end}»; nodes are {sorted(known)}")
        return values


class Source(Strict):
    document: Text  # id in knowledge/sources.yml
    section: Text


class Item(Strict):
    """A service as one jurisdiction publishes it."""

    id: constr(regex=r"^[a-z]+-[0-9]+(\.[0-9]+)?$")
    name: Text
    aliases: list[Text] = []
    services: list[str] = Field(..., min_items=1)
    source: Source
    category: Optional[Text] = None  # 业务领域, 主要职责, heading of a group
    agency: list[Text] = []  # 实施机构, 责任单位, 责任科室, 办理部门: exact words
    boundary: list[Text] = []  # 职责边界
    situations: list[Situation] = []
    materials: list[Branch] = []  # 运行要件, 业务办理所需材料
    steps: list[Branch] = []  # 运行流程, 服务详细内容
    duties: list[Branch] = []  # 责任事项, where it says more than the name
    eligibility: list[Branch] = []  # 服务对象, 受理条件
    legal_basis: list[Branch] = []
    depth: Optional[Text] = None  # 办理深度
    plan: Optional[Text] = None  # 推进计划
    extension: Optional[Text] = None  # 延伸情况
    remarks: list[Branch] = []  # 备注
    contacts: list[Contact] = []
    flow: Optional[Flow] = None
    notes: list[Text] = []  # anomalies of the source, told to the reader in one line each
    layout: list[Text] = []  # words of the source entry that carry no content, each with the reason behind a comment

    @root_validator(skip_on_failure=True)
    def _conditions_exist(cls, values):  # noqa: N805
        known = {s.id for s in values["situations"]}
        for section in SECTIONS:
            for branch in values[section]:
                for situation in branch.situations:
                    if situation not in known:
                        raise ValueError(f"{section}: unknown situation «{situation}»; known are {sorted(known)}")
        return values


SECTIONS = ("materials", "steps", "duties", "eligibility", "legal_basis", "remarks")


class Service(Strict):
    id: constr(regex=r"^[a-z][a-z0-9_]*$")
    name: Text


class Jurisdiction(Strict):
    id: constr(regex=r"^[a-z]+$")
    name: Text  # the full official name
    short: Text  # what stands on a button
    names: list[Text]  # words that name this place and no other
    hints: list[Text] = []  # words that only narrow (天津), used to leave fewer choices
    hotline: Text = "12345"


class SourceDocument(Strict):
    id: Text
    title: Text
    jurisdiction: Text
    kind: constr(regex=r"^(information_form|service_table|power_list)$")
