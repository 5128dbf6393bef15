"""The composition root: one process with Rasa, the channels, the actions and the knowledge base."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from pathlib import Path
from typing import Any

from bot.models.registry import Model, Registry
from bot.observability.logs import configure_logging
from bot.observability.metrics import watch_queue
from bot.settings import ROOT, Settings
from bot.storage.database import engine
from bot.storage.shared import open_shared
from bot.storage.worker import DatabaseWorker

REMEMBERED = 1000  # conversations whose state is not read from the database again
SWITCH_SECONDS = 0.001  # how long the database's thread waits for the event loop's; Python's own 5 ms are two turns
BACKLOG = 2048  # connections that may wait to be taken up: beyond it they try again only after seconds


def serve(settings: Settings, *, credentials: Path = ROOT / "credentials.yml") -> None:
    """Serve until stopped. Raises ModelError, before anything listens, if no promoted model can be loaded."""
    engine()  # a database that cannot be used is found before anything is loaded
    from bot.serving.lean_imports import import_rasa

    import_rasa()
    from rasa.core.channels.channel import register
    from rasa.core.run import create_http_input_channels
    from sanic import Sanic

    from bot.actions.conversation import current_knowledge
    from bot.channels.answers import answer_framework_errors
    from bot.channels.framing import CheckedProtocol, CheckedRequest
    from bot.channels.guard import guard
    from bot.channels.lookup import LookupChannel
    from bot.channels.session import Sessions
    from bot.channels.web import WebChannel
    from bot.channels.wechat.channel import WechatChannel
    from bot.observability.http import observe_requests, serve_metrics
    from bot.serving.housekeeping import keep_house
    from bot.serving.live_model import LiveModel
    from bot.serving.sharing import close_sharing
    from bot.serving.trouble import Trouble
    from bot.staff.site import install

    configure_logging(settings.log_level, settings.log_format)
    sys.setswitchinterval(SWITCH_SECONDS)
    model = LiveModel(Registry(settings.models), open_shared(settings.redis_url, name="model"))
    # an app of our own: none of Rasa's management routes
    app = Sanic("government_service_bot", request_class=CheckedRequest, configure_logging=False)
    app.config.update(REQUEST_MAX_SIZE=65536, REQUEST_TIMEOUT=30, RESPONSE_TIMEOUT=30)
    app.ctx.agent = None
    app.ctx.model = model
    app.ctx.settings = settings
    app.ctx.sessions = Sessions(settings.signing_key(), settings.session_days)
    observe_requests(app)
    guard(app, settings)
    answer_framework_errors(app)
    serve_metrics(app, settings.metrics_from)
    configured = create_http_input_channels(None, str(credentials))
    register([*configured, LookupChannel(), WebChannel(settings.embed_origins)], app, "/webhooks/")
    for channel in configured:
        if isinstance(channel, WechatChannel):
            channel.forget = partial(_forget, app, WechatChannel.name())
    install(app)

    @app.before_server_start
    async def load(app: Any, loop: asyncio.AbstractEventLoop) -> None:
        app.ctx.knowledge = current_knowledge()
        app.ctx.knowledge.get().warm()
        app.ctx.knowledge.watch()
        app.ctx.worker = DatabaseWorker(engine())
        watch_queue("database", lambda: app.ctx.worker.waiting)
        app.ctx.trouble = Trouble(app.ctx.worker).now
        app.ctx.agent = await _agent(app.ctx.model, app.ctx.worker, settings)
        app.ctx.model.watch()
        app.ctx.house = loop.create_task(keep_house(app.ctx.worker, engine(), settings))

    @app.after_server_stop
    async def close(app: Any, loop: asyncio.AbstractEventLoop) -> None:
        await app.ctx.model.close()
        app.ctx.house.cancel()
        app.ctx.knowledge.close()
        await close_sharing(app.ctx.agent)
        app.ctx.worker.close()

    app.register_listener(_say_ready, "after_server_start")
    app.run(host=settings.host, port=settings.port, protocol=CheckedProtocol, access_log=False, workers=1, backlog=BACKLOG)


async def _forget(app: Any, channel: str, sender: str) -> None:
    """Delete everything known of a resident."""
    from bot.channels.conversations import conversation_id
    from bot.channels.web import forget_conversation

    await forget_conversation(app, conversation_id(channel, sender))


async def _agent(model: Any, worker: DatabaseWorker, settings: Settings) -> Any:
    """Return the agent that answers with the live model and keeps conversations in the database."""
    from bot.serving.agent import LeanAgent
    from bot.serving.conversations import ConversationStore
    from bot.serving.sharing import event_broker, lock_store

    alone = settings.redis_url is None and settings.database_url.startswith("sqlite")
    store = ConversationStore(worker, event_broker=await event_broker(settings.endpoints), remember=REMEMBERED if alone else 0)
    agent = LeanAgent(tracker_store=store, lock_store=lock_store(settings.redis_url))
    model.install(agent, store)
    return agent


def load_agent(settings: Settings, model: Model) -> Any:
    """Return a registered model as a Rasa agent that runs the actions in this process; conversations in memory.

    Raises ModelError if its file is not the registered one.
    """
    from bot.serving.lean_imports import import_rasa

    path = Registry(settings.models).verified(model)
    import_rasa()
    configure_logging()
    from bot.serving.agent import LeanAgent

    agent = LeanAgent()
    agent.load_model(path)
    return agent


async def _say_ready(app: Any, loop: asyncio.AbstractEventLoop) -> None:
    settings = app.ctx.settings
    print(f"ready: http://{settings.host}:{settings.port}/", flush=True)
