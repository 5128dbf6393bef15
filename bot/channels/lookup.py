"""Looking up for staff and programs: /health, /api/search, /api/items/{id}, /api/jurisdictions; all described in openapi.yml."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Awaitable, Callable

import yaml
from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.actions.conversation import knowledge
from bot.channels.answers import guarded, reply
from bot.channels.search import search
from bot.errors import NotFoundError, RequestError
from bot.knowledge.serialise import item_as_json


class LookupChannel(InputChannel):
    @classmethod
    def name(cls) -> str:
        return "lookup"

    def url_prefix(self) -> str:
        return "/"  # absolute: outside /webhooks

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        routes = Blueprint("lookup")

        @routes.get("/health")
        async def health(request: Request) -> HTTPResponse:
            agent = getattr(request.app.ctx, "agent", None)
            if agent is None or not agent.is_ready():
                return reply({"status": "starting"}, 503)
            live = request.app.ctx.model
            state = {"items": len(knowledge().item_ids), "model": live.model.id}
            if live.trouble:
                state["warning"] = live.trouble
            if trouble := await request.app.ctx.trouble():
                return reply({"status": "degraded", "reason": trouble, **state}, 503)
            return reply({"status": "ok", **state})

        @routes.get("/api/search")
        @guarded
        async def find(request: Request) -> HTTPResponse:
            base = knowledge()
            place = request.args.get("jurisdiction")
            if place is not None and place not in base.jurisdictions:
                raise RequestError(f"jurisdiction «{place[:40]}» is unknown; known are {', '.join(base.jurisdictions)}")
            limit = request.get_args(keep_blank_values=True).get("limit", "10")
            if not re.fullmatch("[0-9]{1,2}", limit, re.ASCII) or not 1 <= int(limit) <= 50:
                raise RequestError("limit must be a number from 1 to 50")
            query = request.args.get("q", "")
            if len(query) > 2000:
                raise RequestError("q has more than 2000 characters")
            hits = await search(request.app.ctx.agent, base, query, place, int(limit))
            return reply({"results": [hit.as_json() for hit in hits]})

        @routes.get("/api/items/<item_id:str>")
        @guarded
        async def item(request: Request, item_id: str) -> HTTPResponse:
            from bot.flowchart import describe
            from bot.knowledge.schema import Flow

            view = knowledge().item(item_id)
            return reply({**item_as_json(view, knowledge()), "flow_text": describe(Flow(**view.flow)) if view.flow else None})

        @routes.get("/api/items/<item_id:str>/flow.svg")
        @guarded
        async def flow(request: Request, item_id: str) -> HTTPResponse:
            from bot.flowchart import svg
            from bot.knowledge.schema import Flow

            view = knowledge().item(item_id)
            if view.flow is None:
                raise NotFoundError(f"item {item_id} has no flow chart in its source")
            return response.text(svg(Flow(**view.flow), view.name), content_type="image/svg+xml")

        @routes.get("/api/jurisdictions")
        @guarded
        async def jurisdictions(request: Request) -> HTTPResponse:
            places = knowledge().jurisdictions.values()
            return reply({"jurisdictions": [{"id": p.id, "name": p.name, "short": p.short} for p in places]})

        description = yaml.safe_load((Path(__file__).parent / "openapi.yml").read_text(encoding="utf-8"))

        @routes.get("/openapi.json")
        @guarded
        async def openapi(request: Request) -> HTTPResponse:
            return reply(description)

        return routes
