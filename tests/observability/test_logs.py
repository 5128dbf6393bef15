"""bot.observability.logs: one line an event, machine-readable, with the request's id and without personal numbers."""

from __future__ import annotations

import json
import logging
from typing import Any, Iterator

import pytest
import structlog
from prometheus_client import REGISTRY

from bot.observability.logs import configure_logging

IDENTITY = "11010519491231002X"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_every_record_is_one_json_line_with_the_id_of_its_request(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "json")
    structlog.contextvars.bind_contextvars(request_id="r-1")
    logging.getLogger("bot.x").info("两行\n的话 %s", 5)
    structlog.get_logger("rasa.y").warning("a.key", event_info="something")
    first, second = lines(capsys)
    assert (first["event"], first["level"], first["logger"], first["request_id"]) == ("两行\n的话 5", "info", "bot.x", "r-1")
    assert second["request_id"] == "r-1" and second["level"] == "warning"


@pytest.mark.parametrize("form", ["json", "text"])
def test_personal_numbers_are_masked_in_texts_and_tracebacks(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", form)
    try:
        raise ValueError(f"cannot read {IDENTITY}")
    except ValueError:
        logging.getLogger("bot.x").exception("failed at %s", "13812345678")
    text = capsys.readouterr().err
    assert "ValueError" in text and "test_logs.py" in text
    assert IDENTITY not in text and "13812345678" not in text


def test_foreign_fields_and_chatter_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("DEBUG", "json")
    logging.getLogger("rasa.core").info("Received user message '补社保卡'")
    logging.getLogger("bot.x").info("request", extra={"status": 200, "body": "补社保卡"})
    (line,) = lines(capsys)
    assert line["status"] == 200 and "body" not in line


def test_errors_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "json")
    logging.getLogger("bot.counted").warning("no error")
    logging.getLogger("bot.counted").error("an error")
    assert REGISTRY.get_sample_value("bot_errors_total", {"logger": "bot.counted"}) == 1
