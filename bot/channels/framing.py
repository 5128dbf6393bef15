"""Refuses requests whose head Sanic 21.12 takes on trust: with `Content-Length: -1` its loop would spin for ever.

And answers those whose address it cannot read, where it would drop the connection and write a traceback.
"""

from __future__ import annotations

import re
from typing import Any

from httptools import HttpParserError
from sanic.compat import Header
from sanic.exceptions import InvalidUsage
from sanic.http import Http
from sanic.request import Request
from sanic.server.protocols.http_protocol import HttpProtocol

ADDRESS = "the address must be a path in ASCII; write other characters as %XX of their UTF-8 bytes"


class CheckedRequest(Request):
    """A request whose length is said once, in digits, or in chunks. Others are refused before their body is read."""

    def __init__(self, url_bytes: bytes, headers: Header, *args: Any, head: bytes = b"", **kwargs: Any) -> None:
        if not head.partition(b"\r\n")[0].isascii():
            raise InvalidUsage(ADDRESS)
        super().__init__(url_bytes, headers, *args, head=head, **kwargs)
        lengths, codings = headers.getall("content-length", []), headers.getall("transfer-encoding", [])
        if codings:
            if lengths or [coding.strip().lower() for coding in codings] != ["chunked"]:
                raise InvalidUsage("a body comes either with one Content-Length or chunked")
            headers["transfer-encoding"] = "chunked"
        elif lengths and (len(lengths) > 1 or not re.fullmatch("[0-9]{1,15}", lengths[0].strip(), re.ASCII)):
            raise InvalidUsage("Content-Length must be one number")


class _CheckedHttp(Http):
    __slots__ = ()

    async def http1_request_header(self) -> None:
        try:
            await super().http1_request_header()
        except (UnicodeEncodeError, HttpParserError):
            raise InvalidUsage(ADDRESS) from None

    def create_empty_request(self) -> None:
        self.url = None  # what could not be read a moment ago cannot be read for the answer either
        super().create_empty_request()


class CheckedProtocol(HttpProtocol):
    """Answers a request whose address cannot be read with a 400."""

    __slots__ = ()

    def _setup_connection(self) -> None:
        super()._setup_connection()
        self._http = _CheckedHttp(self)
