"""Bodies of pushes, right and fuzzed."""

from __future__ import annotations

import json

from hypothesis import strategies as st

NOW = 1_714_112_445
BODY = "<xml><ToUserName>gh_a</ToUserName><FromUserName>oUser</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType><MsgId>{id}</MsgId><Content>你好</Content></xml>"
ONE = BODY.format(id=1)


def _mutated(pieces: tuple[int, int, bytes]) -> bytes:
    begin, length, put = pieces
    return ONE.encode()[:begin] + put + ONE.encode()[begin + length :]


FRAGMENTS = st.sampled_from(
    [
        b"<!DOCTYPE xml>",
        b"&lt;",
        b"&x;",
        b"]]>",
        b"<![CDATA[",
        b"</xml>",
        b"<a>" * 2000,
        b"\x00",
        b"\xff",
        b"{",
        b"<Encrypt>AAAA</Encrypt>",
    ]
)
BODIES = st.one_of(
    st.tuples(st.integers(1, 10**6), st.text(max_size=30)).map(
        lambda p: BODY.format(id=p[0]).replace("你好", p[1]).encode("utf-8", "ignore")
    ),
    st.binary(max_size=400),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.tuples(st.integers(0, 160), st.integers(0, 60), st.one_of(st.binary(max_size=8), FRAGMENTS)).map(_mutated),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from([*ONE.split("<")[:1], "MsgType", "Encrypt", "CreateTime"]), inner)
        ),
        max_leaves=6,
    ).map(lambda value: json.dumps(value).encode()),
)
