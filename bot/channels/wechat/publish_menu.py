"""Gives data/wechat/menu.yml to Tencent: with a message URL enabled, the console's own menu editor is switched off."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Optional

from bot.channels.wechat.accounts import Account, read_accounts
from bot.channels.wechat.api import WechatApi
from bot.channels.wechat.menu import Menu, read_menu
from bot.errors import SettingsError

PATH = "/cgi-bin/menu/create"


async def publish_menu(api: WechatApi, menu: Menu) -> None:
    """Replace the account's menu. Raises WechatApiError (40016–40023: a button's number, name or key)."""
    await api.call(PATH, menu.as_request())


def run(account: str, accounts_file: Optional[Path] = None) -> None:
    """Publish the menu of the account with this id (read_accounts). Raises SettingsError, WechatApiError."""
    accounts = read_accounts(os.environ, accounts_file)
    if account not in accounts:
        raise SettingsError(f"account «{account}» is unknown; known are {', '.join(accounts) or 'none'} (docs/wechat.md)")
    if not accounts[account].appsecret:
        raise SettingsError(f"account {account}, appsecret: needed to publish a menu")
    asyncio.run(_publish(accounts[account]))


async def _publish(account: Account) -> None:
    api = WechatApi(account)
    try:
        await publish_menu(api, read_menu())
    finally:
        await api.close()
