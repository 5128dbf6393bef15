"""Rasa's REST channel, with every input checked: POST /webhooks/rest/webhook; and /webhooks/rest/feedback, its senders' votes."""

from __future__ import annotations

from typing import Any, Awaitable, Callable

from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.actions.conversation import knowledge
from bot.channels import feedback
from bot.channels.answers import body_of, guarded, reply
from bot.channels.conversations import conversation_id
from bot.channels.guard import limit_sender
from bot.channels.turn import check, check_sender, run_turn

CHANNEL = "rest"


class RestChannel(InputChannel):
    @classmethod
    def name(cls) -> str:
        return CHANNEL

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        routes = Blueprint(CHANNEL)

        @routes.get("/")
        async def health(request: Request) -> HTTPResponse:
            return reply({"status": "ok"})

        @routes.post("/webhook")
        @guarded
        async def receive(request: Request) -> HTTPResponse:
            sender, message, metadata = check(body_of(request), knowledge().jurisdictions)
            await limit_sender(request, sender)
            return reply(await run_turn(on_new_message, sender, message, metadata, channel=CHANNEL))

        @routes.post("/feedback")
        @guarded
        async def vote(request: Request) -> HTTPResponse:
            body = body_of(request)
            sender = check_sender(body)
            await limit_sender(request, sender)
            row = feedback.check(body, conversation_id(CHANNEL, sender), knowledge().item_ids)
            await request.app.ctx.worker.run(feedback.store(row))
            return reply({"status": "stored"}, 201)

        return routes
