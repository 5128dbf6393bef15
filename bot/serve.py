"""The composition root: one process with Rasa, the channels, the actions and the knowledge base."""

from __future__ import annotations

import asyncio
import logging
import warnings
from functools import partial
from pathlib import Path
from typing import Any, Optional

from bot.errors import BotError
from bot.settings import ROOT, Settings

logger = logging.getLogger(__name__)


def newest_model(models: Path) -> Optional[Path]:
    """Return the newest trained model under `models`, None if there is none."""
    found = sorted(models.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
    return found[-1] if found else None


def _model_to_load(settings: Settings) -> Path:
    model = newest_model(settings.models)
    if model is None:
        raise BotError(f"no trained model in {settings.models}; run `make train` first")
    return model


def serve(settings: Settings, *, credentials: Path = ROOT / "credentials.yml") -> None:
    """Serve until stopped. Raises BotError without a model."""
    model = _model_to_load(settings)
    from rasa.core.channels.channel import register
    from rasa.core.run import close_resources, create_http_input_channels, load_agent_on_start
    from rasa.core.utils import AvailableEndpoints
    from sanic import Sanic

    from bot.actions.conversation import knowledge
    from bot.actions.endpoint import LocalActions
    from bot.channels.lookup import LookupChannel
    from bot.channels.web import WebChannel

    quieten()
    knowledge()
    endpoints = AvailableEndpoints(action=LocalActions())
    app = Sanic("government_service_bot", configure_logging=False)  # an app of our own: none of Rasa's management routes
    app.config.update(REQUEST_MAX_SIZE=65536, REQUEST_TIMEOUT=30, RESPONSE_TIMEOUT=30)
    app.ctx.agent = None
    register([*create_http_input_channels(None, str(credentials)), LookupChannel(), WebChannel()], app, "/webhooks/")
    app.register_listener(partial(load_agent_on_start, str(model), endpoints, None), "before_server_start")
    app.register_listener(close_resources, "after_server_stop")
    app.register_listener(_say_ready, "after_server_start")
    app.ctx.settings = settings
    app.run(host=settings.host, port=settings.port, access_log=False, workers=1)


def load_agent(settings: Settings) -> Any:
    """Return the newest model as a Rasa agent that runs the actions in this process; conversations in memory."""
    model = _model_to_load(settings)
    quieten()
    from rasa.core.agent import Agent

    from bot.actions.endpoint import LocalActions

    return Agent.load(str(model), action_endpoint=LocalActions())


def quieten() -> None:
    """Keep Rasa's log to warnings: at its default it writes every message's text."""
    from rasa.utils.log_utils import configure_structlog

    configure_structlog(logging.WARNING)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for name in ("rasa", "rasa_sdk", "sanic.root", "matplotlib", "jieba"):
        logging.getLogger(name).setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", category=DeprecationWarning)


async def _say_ready(app: Any, loop: asyncio.AbstractEventLoop) -> None:
    settings = app.ctx.settings
    print(f"ready: http://{settings.host}:{settings.port}/", flush=True)
