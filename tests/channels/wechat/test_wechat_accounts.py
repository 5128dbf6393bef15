from __future__ import annotations

from pathlib import Path

import pytest

from bot.channels.wechat.accounts import Account, read_accounts
from bot.channels.wechat.openid import hash_openid
from bot.errors import SettingsError

ENVIRONMENT = {
    "WECHAT_ACCOUNTS": "dagang, da-gu",
    "WECHAT_DAGANG_TOKEN": "tokenA",
    "WECHAT_DAGANG_APPID": "wxba5fad812f8e6fb9",
    "WECHAT_DAGANG_APPSECRET": "secret",
    "WECHAT_DAGANG_AES_KEY": "A" * 43,
    "WECHAT_DAGANG_AES_KEY_PREVIOUS": "B" * 43,
    "WECHAT_DAGANG_JURISDICTION": "dagang",
    "WECHAT_DA_GU_TOKEN": "tokenB",
    "WECHAT_DA_GU_APPID": "wx1234567890123456",
    "WECHAT_DA_GU_MODE": "plain",
}


def test_several_accounts_from_the_environment() -> None:
    assert read_accounts(ENVIRONMENT) == {
        "dagang": Account("dagang", "tokenA", "wxba5fad812f8e6fb9", "safe", "secret", ("A" * 43, "B" * 43), "dagang"),
        "da-gu": Account("da-gu", "tokenB", "wx1234567890123456", "plain"),
    }


def test_the_same_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "wechat.yml"
    file.write_text(
        f"dagang:\n  token: tokenA\n  appid: wxba5fad812f8e6fb9\n  aes_key: {'A' * 43}\n  mode: compatible\n", encoding="utf-8"
    )
    expected = {"dagang": Account("dagang", "tokenA", "wxba5fad812f8e6fb9", "compatible", aes_keys=("A" * 43,))}
    assert read_accounts({"WECHAT_ACCOUNTS_FILE": str(file)}) == read_accounts({}, file) == expected


def test_no_accounts_without_settings() -> None:
    assert read_accounts({}) == {}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"WECHAT_DAGANG_TOKEN": ""}, "dagang, token"),
        ({"WECHAT_DAGANG_TOKEN": "a b c"}, "dagang, token"),
        ({"WECHAT_DAGANG_APPID": "gh_1"}, "dagang, appid"),
        ({"WECHAT_DAGANG_AES_KEY": ""}, "dagang, aes_key"),
        ({"WECHAT_DAGANG_AES_KEY": "short"}, "dagang: .*43"),
        ({"WECHAT_DAGANG_MODE": "secure"}, "dagang, mode"),
        ({"WECHAT_ACCOUNTS": "../x"}, "the name stands in the URL"),
    ],
)
def test_a_wrong_setting_is_named_and_no_secret_is_shown(change: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named) as caught:
        read_accounts({**ENVIRONMENT, **change})
    assert "secret" not in str(caught.value) and "tokenA" not in str(caught.value)


@pytest.mark.parametrize("content", ["- a", "dagang: x", "dagang: {tokn: x}", "dagang: {token: [", "\udcff"])
def test_a_wrong_file_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "wechat.yml"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(SettingsError):
        read_accounts({}, file)
    with pytest.raises(SettingsError, match="cannot be read"):
        read_accounts({}, tmp_path / "none.yml")


def test_the_hash_of_an_openid_depends_on_key_account_and_resident() -> None:
    key = "k" * 32
    hashes = {
        hash_openid("oA", appid="wx1", key=key),
        hash_openid("oB", appid="wx1", key=key),
        hash_openid("oA", appid="wx2", key=key),
        hash_openid("oA", appid="wx1", key="l" * 32),
    }
    assert len(hashes) == 4 and all(len(found) == 64 for found in hashes)
    assert hash_openid("oA", appid="wx1", key=key) in hashes
    with pytest.raises(SettingsError, match="WECHAT_OPENID_KEY"):
        hash_openid("oA", appid="wx1", key="short")
