"""JSON answers for HTTP handlers: errors as `{"error": …}`, never a stack trace."""

from __future__ import annotations

import json
import logging
from functools import wraps
from typing import Any, Awaitable, Callable, Mapping, Optional

from sanic import Sanic, response
from sanic.exceptions import SanicException
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.errors import RequestError, StorageError

logger = logging.getLogger(__name__)
UNAVAILABLE = "the service cannot answer right now; try again in a moment or call 12345"
_ENCODER = json.JSONEncoder(ensure_ascii=False)
View = Callable[..., Awaitable[HTTPResponse]]


def body_of(request: Request) -> Any:
    """Return the request's JSON body. Raises RequestError if it is none, or if a text in it is no text: half a character."""
    try:
        body = json.loads(request.body.decode("utf-8"))
        if b"\\u" in request.body:
            json.dumps(body, ensure_ascii=False).encode("utf-8")
        return body
    except (ValueError, RecursionError) as error:
        raise RequestError('the body is not JSON in UTF-8; send for example {"sender": "abc", "message": "你好"}') from error


def reply(content: Any, status: int = 200, headers: Optional[Mapping[str, str]] = None) -> HTTPResponse:
    return response.json(content, status=status, headers=dict(headers or {}), dumps=_ENCODER.encode)


def answer_framework_errors(app: Sanic) -> None:
    """Answer in JSON also where no handler is asked: unknown paths and methods, bodies too large, requests too slow."""

    @app.exception(Exception)
    async def failed(request: Request, error: Exception) -> HTTPResponse:
        if isinstance(error, SanicException) and 400 <= error.status_code < 500:
            meanings = {
                404: f"there is nothing at {request.path[:80]}",
                405: f"{request.path[:80]} does not take {request.method[:20]}",
            }
            said = reply({"error": meanings.get(error.status_code) or str(error)}, error.status_code)
            said.headers.update(getattr(error, "headers", None) or {})
            return said
        if not isinstance(error, SanicException):
            logger.error("a request failed", exc_info=error)
        return reply({"error": UNAVAILABLE}, 503)


def guarded(view: View) -> View:
    """Turn RequestError into its 4xx, and anything unexpected into a 503 with one sentence; the log gets the cause."""

    @wraps(view)
    async def inner(request: Request, *args: Any, **kwargs: Any) -> HTTPResponse:
        try:
            return await view(request, *args, **kwargs)
        except RequestError as error:
            return reply({"error": str(error)}, error.status, getattr(error, "headers", None))
        except StorageError:  # logged where it began
            return reply({"error": UNAVAILABLE}, 503)
        except Exception:
            logger.exception("a request failed")
            return reply({"error": UNAVAILABLE}, 503)

    return inner
