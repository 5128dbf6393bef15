"""Refuses requests whose head Sanic 21.12 takes on trust: with `Content-Length: -1` its loop would spin for ever."""

from __future__ import annotations

import re
from typing import Any

from sanic.compat import Header
from sanic.exceptions import InvalidUsage
from sanic.request import Request


class CheckedRequest(Request):
    """A request whose length is said once, in digits, or in chunks. Others are refused before their body is read."""

    def __init__(self, url_bytes: bytes, headers: Header, *args: Any, **kwargs: Any) -> None:
        super().__init__(url_bytes, headers, *args, **kwargs)
        lengths, codings = headers.getall("content-length", []), headers.getall("transfer-encoding", [])
        if codings:
            if lengths or [coding.strip().lower() for coding in codings] != ["chunked"]:
                raise InvalidUsage("a body comes either with one Content-Length or chunked")
            headers["transfer-encoding"] = "chunked"
        elif lengths and (len(lengths) > 1 or not re.fullmatch("[0-9]{1,15}", lengths[0].strip(), re.ASCII)):
            raise InvalidUsage("Content-Length must be one number")
