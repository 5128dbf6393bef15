"""Models at /training/models: train with live progress, compare with the serving one, promote through the gate, roll back."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Optional

from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.errors import BotError, ModelError, NotFoundError, RequestError
from bot.files import BusyError
from bot.knowledge.queries import Knowledge
from bot.models.registry import AUTOMATIC, PERSON, ROLLBACK, Contents, Model, Promotion, Registry
from bot.settings import Settings
from bot.staff.access import db, staff
from bot.staff.audit import audit
from bot.staff.pages import redirect
from bot.staff.training import base_of, in_thread, local, training_page
from bot.training import job, prepare, promotion
from bot.training.gate import SET_NAMES
from bot.training.train import data_version

logger = logging.getLogger(__name__)
routes = Blueprint("staff_models")
PAGE = "/training/models"
HISTORY = 30
STATES = {"promoted": "正在服务", "candidate": "候选", "retired": "用过"}
STAGES = {
    "start": "准备",
    "read": "读问法",
    "load": "装入程序",
    "train": "训练",
    "register": "登记",
    "evaluate": "在题集上逐题测试",
    "done": "完成",
    "failed": "没有成功",
}
FIGURES = {
    "questions": {
        "top1": "事项正确",
        "top3": "正确事项在前三",
        "aspect": "方面正确",
        "facts": "原文齐全",
        "clean": "没有多余内容",
        "wrong_answer": "答成别的事项",
    },
    "out_of_scope": {"all": "范围外处理得当", "near": "其中：相近的事"},
    "dialogues": {"whole": "整段对话全对", "turns": "轮次"},
}
HOW = {AUTOMATIC: "自动上线", PERSON: "上线", ROLLBACK: "回退"}
REASONS = {
    prepare.FIRST: "第一个模型",
    prepare.FILES_CHANGED: "文件有改动，还没有人亲手选过模型",
    prepare.ALL_BAD: "上过线的模型都加载不了",
}
KINDS = {"answer": "回答", "clarify": "反问", "fallback": "答不上", "chitchat": "闲聊", "handoff": "转人工"}
OVERRIDE = "越过警告上线必须写明理由。"


@dataclass(frozen=True)
class Known:
    """What the page shows, read at once in a thread."""

    contents: Contents
    status: job.Status
    back: Optional[Model]  # where a rollback leads


@routes.get("/training/models")
@staff("trainer")
async def models(request: Request) -> HTTPResponse:
    known = await in_thread(_known, request.app.ctx.settings)
    contents = known.contents
    listed = [model for model in reversed(contents.models.values()) if not model.deleted]
    return training_page(
        request,
        "models.html",
        rows=[(model, contents.state(model), contents.last_promotion(model)) for model in listed],
        history=[*reversed(contents.promotions)][:HISTORY],
        **_shown(request, known),
    )


@routes.get("/training/models/progress")
@staff("trainer")
async def progress(request: Request) -> HTTPResponse:
    """Return the fragment that asks for itself again while a training runs; once it is over, the whole page is shown anew."""
    known = await in_thread(_known, request.app.ctx.settings)
    answer = training_page(request, "models_progress.html", **_shown(request, known))
    if not known.status.running:
        answer.headers["HX-Refresh"] = "true"
    return answer


@routes.get("/training/models/changes")
@staff("trainer")
async def changes(request: Request) -> HTTPResponse:
    """Return whether the phrasings have changed since the newest model; it takes a second to know."""
    settings = request.app.ctx.settings
    version = await in_thread(data_version, settings)
    contents = await in_thread(Registry(settings.models).read)
    return training_page(request, "models_changes.html", current=bool(contents.of_version(version)))


@routes.post("/training/models/train")
@staff("trainer")
async def train(request: Request) -> HTTPResponse:
    await _started(request, None)
    await _audited(request, "model.train")
    return redirect(request, PAGE, "训练已经开始，几分钟后可以看比较。可以离开这个页面。")


@routes.post("/training/models/rollback")
@staff("trainer")
async def roll_back(request: Request) -> HTTPResponse:
    settings, by = request.app.ctx.settings, request.ctx.account.name
    await _check_unchanged(request)
    entry = await _tried(in_thread(lambda: Registry(settings.models).roll_back(by=by, reason=_reason(request))))
    await _audited(request, "model.rollback", entry)
    return redirect(request, PAGE, f"已回退到 {entry.model}，几秒内生效。")


@routes.get("/training/models/<model_id:str>")
@staff("trainer")
async def comparison(request: Request, model_id: str) -> HTTPResponse:
    model = await _model(request, model_id)
    return await _comparison(request, model)


@routes.post("/training/models/<model_id:str>/evaluate")
@staff("trainer")
async def evaluate(request: Request, model_id: str) -> HTTPResponse:
    model = await _model(request, model_id)
    await _started(request, model)
    return redirect(request, PAGE, "正在与线上的模型逐题比较，好了会显示在这里。")


@routes.post("/training/models/<model_id:str>/promote")
@staff("trainer")
async def promote(request: Request, model_id: str) -> HTTPResponse:
    settings, by, model = request.app.ctx.settings, request.ctx.account.name, await _model(request, model_id)
    await _check_unchanged(request)
    override, reason = request.form.get("override") == "yes", _reason(request)
    try:
        entry = await _tried(in_thread(lambda: promotion.promote(settings, model, by=by, reason=reason, override=override)))
    except promotion.BlockedError:
        return await _comparison(request, model, OVERRIDE if override else "门槛没有让它通过。", 409)
    await _audited(request, "model.promote", entry)
    return redirect(request, PAGE, f"{model.id} 已上线，几秒内生效，进行中的谈话不受影响。")


async def _comparison(request: Request, model: Model, problem: str = "", status: int = 200) -> HTTPResponse:
    settings = request.app.ctx.settings
    found = await in_thread(promotion.known_assessment, settings, model)
    known = await in_thread(_known, settings)
    promoted = known.contents.promoted
    return training_page(
        request,
        "models_compare.html",
        status,
        model=model,
        state=known.contents.state(model),
        found=found,
        before=promoted,
        figures=[
            (name, title, (promoted.figures or {}).get(group, {}).get(name) if promoted else None, value)
            for group, names in FIGURES.items()
            for name, title in names.items()
            if (value := (model.figures or {}).get(group, {}).get(name)) is not None
        ],
        problem=problem,
        **_shown(request, known),
    )


def _known(settings: Settings) -> Known:
    registry = Registry(settings.models)
    contents = registry.read()
    below = contents.stack()[1:]
    return Known(contents, job.status(settings), next((one for one in below if registry.file_of(one).exists()), None))


def _shown(request: Request, known: Known) -> dict[str, Any]:
    """Return what the templates share: the serving model, the progress, words for states and stages."""
    live = getattr(request.app.ctx, "model", None)
    return {
        "promoted": known.contents.promoted,
        "promotion": known.contents.promotions[-1] if known.contents.promotions else None,
        "back": known.back,
        "training": known.status,
        "serving": live.model.id if live else None,
        "trouble": live.trouble if live else None,
        "states": STATES,
        "stages": STAGES,
        "set_names": SET_NAMES,
        "how": HOW,
        "at": lambda iso: local(datetime.fromisoformat(iso)),
        "name_of": dict(base_of(request).services),
        "who": _who,
        "why": lambda reason: REASONS.get(reason, reason),
        "said": lambda reply: _in_words(reply, base_of(request)),
    }


def _who(by: str) -> str:
    return "系统（启动时）" if by == prepare.BY else by.replace("(command line)", "（命令行）")


def _in_words(reply: str, base: Knowledge) -> str:
    """Return a wrong reply (`Verdicts.wrong`) as people read it: its kind and its item."""
    parts = [KINDS.get(part, base.item(part).name if part in base.item_ids else "") for part in reply.split("/")]
    return "：".join(part for part in parts if part)


async def _model(request: Request, model_id: str) -> Model:
    contents = await in_thread(Registry(request.app.ctx.settings.models).read)
    if model_id not in contents.models:
        raise NotFoundError("没有这个模型。")
    return contents.models[model_id]


async def _started(request: Request, model: Optional[Model]) -> None:
    settings, by = request.app.ctx.settings, request.ctx.account.name
    try:
        await in_thread(lambda: job.start(settings, by=by, only_evaluate=model))
    except BusyError as error:
        raise _conflict("已经有一次训练在进行，请等它完成。") from error


async def _check_unchanged(request: Request) -> None:
    """Refuse if the serving model is no longer the one that the page showed: two people, or a second click."""
    contents = await in_thread(Registry(request.app.ctx.settings.models).read)
    now = contents.promoted.id if contents.promoted else ""
    if request.form.get("serving", "") != now:
        last = contents.promotions[-1]
        raise _conflict(f"{last.by} 刚刚换上了 {now}，请刷新页面看过再定。")


async def _tried(work: Any) -> Any:
    """Turn what is wrong with a model into a page's message."""
    try:
        return await work
    except promotion.BlockedError:
        raise
    except ModelError as error:
        logger.error("%s", error)
        raise _conflict(f"没有换：{error}") from error
    except BusyError as error:
        raise _conflict("登记簿正在被别人写，请稍后再试。") from error
    except BotError as error:
        raise RequestError(str(error)) from error


async def _audited(request: Request, action: str, entry: Optional[Promotion] = None) -> None:
    who = request.ctx.account
    detail = {"replaced": entry.replaced, "reason": entry.reason, "overruled": list(entry.overruled)} if entry else {}
    await db(request, lambda connection: audit(connection, who, action, entry.model if entry else "", **detail))


def _reason(request: Request) -> str:
    reason = " ".join(request.form.get("reason", "").split())
    if len(reason) > 500:
        raise RequestError("理由太长，最多 500 字。")
    return reason


def _conflict(message: str) -> RequestError:
    error = RequestError(message)
    error.status = 409
    return error
