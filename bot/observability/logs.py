"""The log: one line an event, as JSON or text, with the id of its request; personal numbers are masked."""

from __future__ import annotations

import logging
import re
import sys
import warnings
from typing import Any, MutableMapping

import structlog

from bot.observability.metrics import ErrorCounter
from bot.text import mask

TEXTS = ("event", "exception", "stack")  # fields that may quote somebody; the others are ours
FIELDS = ("method", "route", "status", "ms")  # what our own records may carry beside their text
CHATTY = ("rasa", "rasa_sdk", "sanic", "matplotlib", "jieba", "asyncio", "alembic", "urllib3", "aiohttp")


def configure_logging(level: str = "WARNING", form: str = "text") -> None:
    """Send this process's log, Rasa's included, to standard error. form: `json` or `text`, one line an event.

    Foreign packages are kept to warnings: at its default Rasa writes every message's text.
    """
    common: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.format_exc_info,
        structlog.processors.UnicodeDecoder(),
    ]
    line: Any = structlog.processors.JSONRenderer(ensure_ascii=False) if form == "json" else _as_text
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _without_personal_numbers, line],
            foreign_pre_chain=[*common, structlog.stdlib.ExtraAdder(FIELDS)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler, ErrorCounter()]
    root.setLevel(level)
    for name in CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.getLogger("jieba").addFilter(_warnings)  # it sets its own level when it is imported
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *common, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    warnings.filterwarnings("ignore", category=DeprecationWarning)


def _warnings(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


def _without_personal_numbers(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for field in TEXTS:
        if isinstance(event.get(field), str):
            event[field] = "\n".join(_masked_line(line) for line in event[field].splitlines())
    return event


def _masked_line(line: str) -> str:
    indent = re.match(r"\s*", line)
    return (indent.group() if indent else "") + mask(line)


def _as_text(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    head = f"{event.pop('time')} {event.pop('level').upper()} {event.pop('logger', '')} {event.pop('event')}"
    blocks = [str(event.pop(name)) for name in ("exception", "stack") if event.get(name)]
    return "\n".join([" ".join([head, *(f"{key}={value}" for key, value in event.items())]), *blocks])
