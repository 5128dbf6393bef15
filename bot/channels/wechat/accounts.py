"""The official accounts that this server answers for, from a YAML file or from the environment.

File (`WECHAT_ACCOUNTS_FILE`), one block for each account, its name being the last part of the URL:

    dagang: {token: …, appid: wx…, appsecret: …, aes_key: …, aes_key_previous: …, jurisdiction: dagang, mode: safe}

Environment: `WECHAT_ACCOUNTS=dagang,dagu` and for each `WECHAT_DAGANG_TOKEN`, `WECHAT_DAGANG_APPID`, ….
Each may stand in a file instead, named by `WECHAT_DAGANG_TOKEN_FILE` and so on.
The names are those of the console, page 「基本配置」/「消息推送」. docs/wechat.md explains each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

import yaml

from bot.channels.wechat.crypto import MessageCrypto
from bot.errors import SettingsError
from bot.secrets import read_secret

PLAIN, COMPATIBLE, SAFE = "plain", "compatible", "safe"
MODES = (PLAIN, COMPATIBLE, SAFE)
FIELDS = ("token", "appid", "appsecret", "aes_key", "aes_key_previous", "jurisdiction", "mode")


@dataclass(frozen=True)
class Account:
    """id: last part of the URL. mode: plain (明文), compatible (兼容) or safe (安全), as the console says.

    appsecret: "" where the account may not call customer service; late answers then wait for 「继续」.
    jurisdiction: where its residents are, None if that differs.
    """

    id: str
    token: str = field(repr=False)
    appid: str
    mode: str = SAFE
    appsecret: str = field(default="", repr=False)
    aes_keys: tuple[str, ...] = field(default=(), repr=False)
    jurisdiction: Optional[str] = None

    @property
    def crypto(self) -> MessageCrypto:
        return MessageCrypto(token=self.token, appid=self.appid, aes_keys=self.aes_keys)


def read_accounts(environment: Mapping[str, str], file: Optional[Path] = None) -> dict[str, Account]:
    """Return the accounts by id; none if neither a file nor the environment names any.

    file: overrides `WECHAT_ACCOUNTS_FILE`. Raises SettingsError that names the account and the field.
    """
    path = file or (Path(environment["WECHAT_ACCOUNTS_FILE"]) if environment.get("WECHAT_ACCOUNTS_FILE") else None)
    blocks: dict[str, Any] = _from_file(path) if path else {}
    for name in filter(None, re.split(r"[,\s]+", environment.get("WECHAT_ACCOUNTS", ""))):
        if name in blocks:
            raise SettingsError(f"account {name} stands both in {path} and in WECHAT_ACCOUNTS; keep one")
        prefix = f"WECHAT_{name.upper().replace('-', '_')}_"
        blocks[name] = {key: value for key in FIELDS if (value := read_secret(environment, prefix + key.upper()))}
    return {name: _account(str(name), block) for name, block in blocks.items()}


def _from_file(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}, the file of the WeChat accounts, cannot be read as UTF-8 text") from error
    except yaml.YAMLError:  # its message could show a secret
        raise SettingsError(f"{path}, the file of the WeChat accounts, is not valid YAML") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SettingsError(f"{path} must hold one block for each account, for example `dagang: {{token: …, appid: …}}`")
    return dict(content)


def _account(name: str, block: Any) -> Account:
    if not re.fullmatch(r"[a-z0-9][a-z0-9\-]{0,31}", name):
        raise SettingsError(f"account «{name[:40]}»: the name stands in the URL; use 1 to 32 of a-z, 0-9 and -")
    if not isinstance(block, dict):
        raise SettingsError(f"account {name}: a block of {', '.join(FIELDS)} is needed")
    unknown = sorted(str(key) for key in block if key not in FIELDS)
    if unknown:
        raise SettingsError(f"account {name}: {', '.join(unknown)} is no known field; known are {', '.join(FIELDS)}")
    values = {key: str(value).strip() for key, value in block.items() if value is not None}
    token, appid, mode = values.get("token", ""), values.get("appid", ""), values.get("mode", SAFE)
    if not re.fullmatch(r"[A-Za-z0-9]{3,32}", token):
        raise SettingsError(f"account {name}, token: 3 to 32 letters and digits are needed, the same as in the console")
    if not re.fullmatch(r"wx[0-9a-z]{10,30}", appid):
        raise SettingsError(f"account {name}, appid: it begins with wx and is shown in the console under 基本配置")
    if mode not in MODES:
        raise SettingsError(f"account {name}, mode: «{mode[:20]}» must be one of {', '.join(MODES)}")
    keys = tuple(values[key] for key in ("aes_key", "aes_key_previous") if values.get(key))
    if mode != PLAIN and not values.get("aes_key"):
        raise SettingsError(f"account {name}, aes_key: mode {mode} needs the EncodingAESKey of 43 characters")
    account = Account(name, token, appid, mode, values.get("appsecret", ""), keys, values.get("jurisdiction") or None)
    try:
        _ = account.crypto
    except SettingsError as error:
        raise SettingsError(f"account {name}: {error}") from None
    return account
