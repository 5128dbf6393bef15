from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.wechat import messages as m
from bot.channels.wechat.errors import MalformedError, OversizedError
from bot.channels.wechat.reply_body import text_reply

HEAD = {"ToUserName": "gh_a", "FromUserName": "oUser", "CreateTime": "1714112445"}


def read(**fields: str) -> m.Message:
    return m.read_message({**HEAD, **fields})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"MsgType": "text", "Content": "你好", "MsgId": "7"}, m.Text("oUser", "gh_a", 1714112445, "7", content="你好")),
        (
            {"MsgType": "text", "Content": "本人", "MsgId": "7", "bizmsgmenuid": "1"},
            m.Text("oUser", "gh_a", 1714112445, "7", "本人", "1"),
        ),
        ({"MsgType": "voice", "MsgId": "7"}, m.Voice("oUser", "gh_a", 1714112445, "7", recognition="")),
        ({"MsgType": "voice", "MsgId": "7", "Recognition": "你好"}, m.Voice("oUser", "gh_a", 1714112445, "7", recognition="你好")),
        ({"MsgType": "image", "MsgId": "7"}, m.Attachment("oUser", "gh_a", 1714112445, "7", kind="image")),
        ({"MsgType": "event", "Event": "subscribe"}, m.Subscribe("oUser", "gh_a", 1714112445, "", scene="")),
        (
            {"MsgType": "event", "Event": "subscribe", "EventKey": "qrscene_dagang"},
            m.Subscribe("oUser", "gh_a", 1714112445, "", "dagang"),
        ),
        ({"MsgType": "event", "Event": "SCAN", "EventKey": "dagang"}, m.Scan("oUser", "gh_a", 1714112445, "", scene="dagang")),
        ({"MsgType": "event", "Event": "unsubscribe"}, m.Unsubscribe("oUser", "gh_a", 1714112445, "")),
        ({"MsgType": "event", "Event": "CLICK", "EventKey": "k"}, m.Click("oUser", "gh_a", 1714112445, "", key="k")),
        ({"MsgType": "event", "Event": "VIEW", "EventKey": "u"}, m.Unknown("oUser", "gh_a", 1714112445, "", kind="event/view")),
        ({"MsgType": "hologram", "MsgId": "7"}, m.Unknown("oUser", "gh_a", 1714112445, "7", kind="hologram")),
    ],
)
def test_each_type(fields: dict[str, str], expected: m.Message) -> None:
    assert read(**fields) == expected


@pytest.mark.parametrize("missing", ["ToUserName", "FromUserName", "CreateTime", "MsgType"])
def test_a_push_without_its_head_is_malformed(missing: str) -> None:
    with pytest.raises(MalformedError, match=missing):
        m.read_message({key: value for key, value in {**HEAD, "MsgType": "text"}.items() if key != missing})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<xml>",
        b"<html></html>",
        b"[]",
        b"{",
        b"\xff\xfe",
        b'<?xml version="1.0" encoding="no-such"?><xml></xml>',
        b"<!DOCTYPE xml><xml><MsgType>text</MsgType></xml>",
        b'<!DOCTYPE xml [<!ENTITY a "b">]><xml><MsgType>&a;</MsgType></xml>',
        b'<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><MsgType>&a;</MsgType></xml>',
        b"<xml><MsgType>&a;</MsgType></xml>",
        b"{" * 5000,
        b'{"a":' * 5000,
    ],
)
def test_no_body_of_wechat_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedError):
        m.parse_fields(body)


def test_a_body_over_64_kb_is_refused() -> None:
    with pytest.raises(OversizedError):
        m.parse_fields(b"<xml>" + b" " * m.MAX_BODY + b"</xml>")


def test_nested_and_deep_fields_are_left_out() -> None:
    deep = b"<a>" * 9000 + b"</a>" * 9000
    assert m.parse_fields(b"<xml><MsgType>text</MsgType>" + deep + b"</xml>") == ({"MsgType": "text"}, m.XML)
    assert m.parse_fields(b'{"MsgType":"text","List":[1],"N":7,"Flag":true}') == ({"MsgType": "text", "N": "7"}, m.JSON)


def test_events_of_one_second_differ_and_tries_of_one_push_do_not() -> None:
    click, other = read(MsgType="event", Event="CLICK", EventKey="a"), read(MsgType="event", Event="CLICK", EventKey="b")
    assert m.identity(click) != m.identity(other)
    assert m.identity(click) == m.identity(read(MsgType="event", Event="CLICK", EventKey="a"))
    assert m.identity(read(MsgType="text", MsgId="1", Content="a")) != m.identity(read(MsgType="text", MsgId="2", Content="a"))


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_any_text_can_be_replied_in_both_forms(text: str) -> None:
    text = text.replace("\ufffe", "").replace("\uffff", "")
    message = read(MsgType="text", Content="?", MsgId="1")
    for form in (m.XML, m.JSON):
        fields, found = m.parse_fields(text_reply(message, text, 1, form).encode())
        assert (fields["Content"], fields["ToUserName"], fields["FromUserName"], found) == (text, "oUser", "gh_a", form)


def test_cdata_end_and_control_characters_do_not_break_the_xml() -> None:
    fields, _ = m.parse_fields(text_reply(read(MsgType="text"), "a]]>b\x00c]]]]>>", 1, m.XML).encode())
    assert fields["Content"] == "a]]>bc]]]]>>"


def test_lone_surrogates_of_json_do_not_get_in() -> None:
    fields, _ = m.parse_fields(json.dumps({"Content": "a\ud800b"}).encode())
    assert fields == {"Content": "ab"}
