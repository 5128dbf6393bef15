"""Against the vectors of Tencent's own documentation (V1, page 「消息推送」) and of its Java sample's unit test (V3)."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.wechat.crypto import MessageCrypto, same, signature
from bot.channels.wechat.errors import ForgedError
from bot.errors import SettingsError

V1 = MessageCrypto("AAAAA", "wxba5fad812f8e6fb9", ("A" * 43,), random=lambda size: b"707722b803182950")
V1_PUSH = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7v"
    "JVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb"
    "6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
V1_REPLY = "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
V3 = MessageCrypto(
    "pamtest", "wxb11529c136998cb6", ("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",), random=lambda size: b"aaaabbbbccccdddd"
)
V3_SHORT = "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg=="
V3_LONG_TEXT = (
    "<xml><ToUserName><![CDATA[oia2Tj我是中文jewbmiOUlr6X-1crbLOvLw]]></ToUserName><FromUserName><![CDATA[gh_7f083739789a]]>"
    "</FromUserName><CreateTime>1407743423</CreateTime><MsgType><![CDATA[video]]></MsgType><Video><MediaId>"
    "<![CDATA[eYJ1MbwPRJtOvIEabaxHs7TX2D-HV71s79GUxqdUkjm6Gs2Ed1KF3ulAOA9H1xG0]]></MediaId><Title>"
    "<![CDATA[testCallBackReplyVideo]]></Title><Description><![CDATA[testCallBackReplyVideo]]></Description></Video></xml>"
)
V3_LONG = (
    "jn1L23DB+6ELqJ+6bruv23M2GmYfkv0xBh2h+XTBOKVKcgDFHle6gqcZ1cZrk3e1qjPQ1F4RsLWzQRG9udbKWesxlkupqcEcW7ZQweImX9+wLMa0GaUzpkycA8+IamDBx"
    "n5loLgZpnS7fVAbExOkK5DYHBmv5tptA9tklE/fTIILHR8HLXa5nQvFb3tYPKAlHF3rtTeayNf0QuM+UW/wM9enGIDIJHF7CLHiDNAYxr+r+OrJCmPQyTy8cVWlu9iSvO"
    "HPT/77bZqJucQHQ04sq7KZI27OcqpQNSto2OdHCoTccjggX5Z9Mma0nMJBU+jLKJ38YB1fBIz+vBzsYjrTmFQ44YfeEuZ+xRTQwr92vhA9OxchWVINGC50qE/6lmkwWTw"
    "GX9wtQpsJKhP+oS7rvTY8+VdzETdfakjkwQ5/Xka042OlUb1/slTwo4RscuQ+RdxSGvDahxAJ6+EAjLt9d8igHngxIbf6YyqqROxuxqIeIch3CssH/LqRs+iAcILvApYZ"
    "ckqmA7FNERspKA5f8GoJ9sv8xmGvZ9Yrf57cExWtnX8aCMMaBropU/1k+hKP5LVdzbWCG0hGwx/dQudYR/eXp3P0XxjlFiy+9DMlaFExWUZQDajPkdPrEeOwofJb"
)


def test_v1_signatures() -> None:
    assert signature("AAAAA", "1714036504", "1514711492") == "f464b24fc39322e44b38aa78f5edd27bd1441696"
    assert signature("AAAAA", "1714037059", "486452656") == "899cf89e464efb63f54ddac96b0a0a235f53aa78"
    V1.check_encrypted("046e02f8204d34f8ba5fa3b1db94908f3df2e9b3", "1714112445", "415670741", V1_PUSH)
    assert signature("AAAAA", "1713424427", "415670741", V1_REPLY) == "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"


def test_v1_push_is_opened() -> None:
    message, key = V1.decrypt(V1_PUSH)
    assert json.loads(message)["debug_str"] == "hello world"
    assert len(message) == 167
    assert key == "A" * 43


def test_v1_push_is_made() -> None:
    message, _ = V1.decrypt(V1_PUSH)
    crypto = MessageCrypto("AAAAA", V1.appid, V1.aes_keys, random=lambda size: b"a8eedb185eb2fecf")
    assert crypto.encrypt(message) == V1_PUSH


def test_v1_reply_both_ways() -> None:
    assert V1.encrypt('{"demo_resp":"good luck"}') == V1_REPLY
    assert V1.decrypt(V1_REPLY)[0] == '{"demo_resp":"good luck"}'


@pytest.mark.parametrize(("text", "encrypted"), [("我是中文abcd123", V3_SHORT), (V3_LONG_TEXT, V3_LONG)])
def test_v3_both_ways(text: str, encrypted: str) -> None:
    assert V3.encrypt(text) == encrypted
    assert V3.decrypt(encrypted)[0] == text


@settings(deadline=None)
@given(st.text())
def test_what_is_encrypted_can_be_read(text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    crypto = MessageCrypto("AAAAA", "wx1", ("A" * 43,))
    assert crypto.decrypt(crypto.encrypt(text)) == (text, "A" * 43)


def test_the_previous_key_still_opens_and_is_named() -> None:
    before = MessageCrypto("AAAAA", "wx1", ("B" * 43,))
    after = MessageCrypto("AAAAA", "wx1", ("A" * 43, "B" * 43))
    assert after.decrypt(before.encrypt("你好")) == ("你好", "B" * 43)
    assert before.decrypt(after.encrypt("好", "B" * 43))[0] == "好"


def test_another_appid_is_refused() -> None:
    other = MessageCrypto("AAAAA", "wx2", ("A" * 43,))
    with pytest.raises(ForgedError, match="another appid"):
        other.decrypt(V1_PUSH)


def test_a_wrong_key_is_refused() -> None:
    with pytest.raises(ForgedError, match="no EncodingAESKey"):
        MessageCrypto("AAAAA", V1.appid, ("B" * 43,)).decrypt(V1_PUSH)


@settings(deadline=None)
@given(st.one_of(st.text(), st.binary(max_size=200).map(lambda data: base64.b64encode(data).decode())))
def test_any_other_ciphertext_is_refused(encrypted: str) -> None:
    with pytest.raises(ForgedError):
        V1.decrypt(encrypted)


@settings(deadline=None)
@given(st.text())
def test_any_other_signature_is_refused(given_signature: str) -> None:
    assert not same("f464b24fc39322e44b38aa78f5edd27bd1441696", given_signature)
    with pytest.raises(ForgedError):
        V1.check_plain(given_signature, "1714036504", "1514711492")


def test_secrets_are_not_shown() -> None:
    assert "AAAAA" not in repr(V1)


def test_a_malformed_key_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="43"):
        MessageCrypto("AAAAA", "wx1", ("short",))
