"""Rasa's REST channel, with every input checked: POST /webhooks/rest/webhook."""

from __future__ import annotations

from typing import Any, Awaitable, Callable

from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.actions.conversation import knowledge
from bot.channels.answers import body_of, guarded, reply
from bot.channels.guard import limit_sender
from bot.channels.turn import check, run_turn


class RestChannel(InputChannel):
    @classmethod
    def name(cls) -> str:
        return "rest"

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        routes = Blueprint("rest")

        @routes.get("/")
        async def health(request: Request) -> HTTPResponse:
            return reply({"status": "ok"})

        @routes.post("/webhook")
        @guarded
        async def receive(request: Request) -> HTTPResponse:
            sender, message, metadata = check(body_of(request), knowledge().jurisdictions)
            await limit_sender(request, sender)
            return reply(await run_turn(on_new_message, sender, message, metadata, channel="rest"))

        return routes
