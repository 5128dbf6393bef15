"""JSON answers for HTTP handlers: errors as `{"error": …}`, never a stack trace."""

from __future__ import annotations

import json
import logging
from functools import wraps
from typing import Any, Awaitable, Callable

from sanic import response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.errors import RequestError

logger = logging.getLogger(__name__)
View = Callable[..., Awaitable[HTTPResponse]]


def body_of(request: Request) -> Any:
    """Return the request's JSON body. Raises RequestError if it is none."""
    try:
        return json.loads(request.body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise RequestError('the body is not JSON in UTF-8; send for example {"sender": "abc", "message": "你好"}') from error


def reply(content: Any, status: int = 200) -> HTTPResponse:
    return response.json(content, status=status, dumps=lambda value: json.dumps(value, ensure_ascii=False))


def guarded(view: View) -> View:
    """Turn RequestError into its 4xx, and anything unexpected into a 503 with one sentence; the log gets the cause."""

    @wraps(view)
    async def inner(request: Request, *args: Any, **kwargs: Any) -> HTTPResponse:
        try:
            return await view(request, *args, **kwargs)
        except RequestError as error:
            return reply({"error": str(error)}, error.status)
        except Exception:
            logger.exception("a request to %s failed", request.path)
            return reply({"error": "the service cannot answer right now; try again in a moment or call 12345"}, 503)

    return inner
