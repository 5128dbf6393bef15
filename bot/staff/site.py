"""All staff blueprints and the navigation; refuses to start with a route that forgot its guard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sanic import Blueprint

from bot.errors import BotError


@dataclass(frozen=True)
class Section:
    """An entry of the navigation. roles: who sees it, one of them is enough."""

    title: str
    path: str
    roles: tuple[str, ...]


SECTIONS = (
    Section("热线", "/hotline", ("hotline",)),
    Section("问法收件箱与训练", "/training", ("trainer",)),
    Section("看板", "/training/dashboard", ("trainer",)),
    Section("事项编辑", "/training/knowledge", ("editor",)),
    Section("审计", "/audit", ("admin",)),
)


def blueprints() -> list[Blueprint]:
    """Return the blueprints of all staff pages."""
    from bot.staff.dashboard import routes as dashboard
    from bot.staff.hotline import routes as hotline
    from bot.staff.inbox import routes as inbox
    from bot.staff.knowledge_pages import routes as knowledge
    from bot.staff.login import routes as login
    from bot.staff.model_pages import routes as models
    from bot.staff.phrasing_pages import routes as phrasings

    return [login, hotline, inbox, phrasings, dashboard, knowledge, models]


def install(app: Any) -> None:
    """Register the staff pages. Raises BotError for a view that is neither under `@staff` nor marked `@public`.

    `app.ctx.settings` and, once it serves, `app.ctx.worker` must be there.
    """
    for blueprint in blueprints():
        app.blueprint(blueprint)
    open_ = [route.path for route in staff_routes(app) if not is_guarded(route) and not is_public(route)]
    if open_:
        raise BotError(f"staff routes without @staff: {', '.join(open_)}")
    paths = {f"/{route.path}" for route in app.router.routes}
    app.ctx.staff_sections = [section for section in SECTIONS if section.path in paths]


def staff_routes(app: Any) -> list[Any]:
    """Return every route that the staff blueprints registered."""
    names = tuple(f"{app.name}.{blueprint.name}." for blueprint in blueprints())
    return [route for route in app.router.routes if route.name.startswith(names)]


def is_guarded(route: Any) -> bool:
    return hasattr(route.handler, "staff_roles")


def is_public(route: Any) -> bool:
    return hasattr(route.handler, "staff_public")
