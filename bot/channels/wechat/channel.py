"""The WeChat channel in Rasa's server: GET (URL check) and POST (pushes) at /webhooks/wechat/<account>.

A reply goes back in the same connection within 4.5 s, as WeChat cuts it after 5. Otherwise the push is answered with
`success` and the reply follows by customer service, or, for an account without an appsecret, waits for 「继续」.
Bad input gets a 4xx and touches nothing; nothing gets a 5xx, as WeChat would tell the resident that the account is broken.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, Dict, Optional

from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.channels.answers import reply as json_reply
from bot.channels.limits import Limits
from bot.channels.turn import SORRY, run_turn
from bot.channels.wechat import api as wechat_api
from bot.channels.wechat.accounts import Account, read_accounts
from bot.channels.wechat.answer import Answer, read_answer, write_answer
from bot.channels.wechat.api import WechatApi
from bot.channels.wechat.customer_service import Delivery, send_text
from bot.channels.wechat.dedup import Deduplicator
from bot.channels.wechat.errors import OverloadedError
from bot.channels.wechat.menu import read_menu
from bot.channels.wechat.messages import JSON, Unsubscribe, identity
from bot.channels.wechat.openid import hash_openid
from bot.channels.wechat.push import Push, check_url, open_push, reply_to
from bot.channels.wechat.replay import ReplayGuard
from bot.channels.wechat.reply_body import NOTHING
from bot.channels.wechat.responder import Forget, Responder
from bot.channels.wechat.texts import read_texts
from bot.errors import NotFoundError, RequestError, SettingsError
from bot.secrets import read_secret
from bot.settings import read_settings
from bot.storage.shared import open_shared

logger = logging.getLogger(__name__)
PASSIVE_SECONDS = 4.5
View = Callable[..., Awaitable[HTTPResponse]]


async def _log_forgetting(resident: str) -> None:
    logger.error("resident %s unsubscribed, and no `forget` is wired in: delete what is stored of them by hand", resident)


class WechatChannel(InputChannel):
    """accounts: by the last part of their URL. openid_key: secret for the hashes of openids, 32 characters or more.

    jurisdictions: full names by id. redis_url: of the Redis that the processes of the server share, None for one process.
    forget: deletes what is stored of a resident, given the hash; what the channel itself keeps goes anyway. per_minute: how
    many pushes of a resident are answered, counted in `limits`; 0: all. now: the time in seconds since 1970. api_base, passive_seconds: other values only in tests.
    """

    def __init__(
        self,
        accounts: Mapping[str, Account],
        *,
        openid_key: str,
        jurisdictions: Mapping[str, str],
        redis_url: Optional[str] = None,
        forget: Forget = _log_forgetting,
        limits: Optional[Limits] = None,
        per_minute: int = 0,
        api_base: str = wechat_api.BASE,
        passive_seconds: float = PASSIVE_SECONDS,
        now: Callable[[], float] = time.time,
    ) -> None:
        for account in accounts.values():
            hash_openid("", appid=account.appid, key=openid_key)  # refuses a weak key before the first resident does
            if account.jurisdiction and account.jurisdiction not in jurisdictions:
                raise SettingsError(
                    f"account {account.id}, jurisdiction: «{account.jurisdiction}» is unknown; known are {', '.join(jurisdictions)}"
                )
        self.accounts, self.forget = accounts, forget
        self._limits, self._per_minute = limits, per_minute
        self._openid_key, self._jurisdictions = openid_key, jurisdictions
        self._passive_seconds, self._now = passive_seconds, now
        self._texts = read_texts()
        self._nonces, self._answers, self._residents, self._tokens = (
            open_shared(redis_url, name=f"wechat:{name}") for name in ("nonce", "answer", "resident", "token")
        )
        self._guard = ReplayGuard(self._nonces)
        self._dedup = Deduplicator(self._answers, write=write_answer, read=read_answer)
        self._apis = {
            name: WechatApi(account, base=api_base, shared=self._tokens) for name, account in accounts.items() if account.appsecret
        }

    @classmethod
    def name(cls) -> str:
        return "wechat"

    @classmethod
    def from_credentials(cls, credentials: Optional[Dict[str, Any]]) -> InputChannel:
        """Read `accounts_file` and `openid_key` of credentials.yml, or else the environment (docs/wechat.md)."""
        settings = credentials or {}
        file = settings.get("accounts_file")
        accounts = read_accounts(os.environ, Path(file) if file else None)
        if not accounts:
            return cls({}, openid_key="", jurisdictions={})
        from bot.actions.conversation import knowledge

        places = {place.id: place.name for place in knowledge().jurisdictions.values()}
        key = settings.get("openid_key") or read_secret(os.environ, "WECHAT_OPENID_KEY") or ""
        own = read_settings()
        return cls(
            accounts,
            openid_key=str(key),
            jurisdictions=places,
            redis_url=own.redis_url,
            limits=Limits(open_shared(own.redis_url, name="limit")),
            per_minute=own.limit_session,
        )

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        async def turn(resident: str, text: str, metadata: dict[str, Any]) -> list[dict[str, Any]]:
            return await run_turn(on_new_message, resident, text, metadata, channel=self.name())

        responder = Responder(
            turn,
            menu=read_menu(),
            texts=self._texts,
            jurisdictions=self._jurisdictions,
            forget=self._forget_all,
            sorry=SORRY,
            shared=self._residents,
        )
        routes = Blueprint("wechat")

        @routes.get("/<account_id>")
        @_never_5xx
        async def verify(request: Request, account_id: str) -> HTTPResponse:
            echo = check_url(self._account(account_id), _arguments(request), self._now())
            return response.text(echo, headers={"X-Content-Type-Options": "nosniff"})

        @routes.post("/<account_id>")
        @_never_5xx
        async def receive(request: Request, account_id: str) -> HTTPResponse:
            account = self._account(account_id)
            push = open_push(account, _arguments(request), request.body, self._now())
            text = await self._answer(responder, account, push)
            if not text:
                return response.text(NOTHING)
            kind = "application/json" if push.form == JSON else "application/xml"
            return response.text(reply_to(push, account, text, int(self._now())), content_type=f"{kind}; charset=utf-8")

        @routes.listener("after_server_stop")
        async def close(app: Any, loop: Any) -> None:
            await self._dedup.close()
            for api in self._apis.values():
                await api.close()
            for shared in (self._nonces, self._answers, self._residents, self._tokens):
                await shared.close()
            if self._limits:
                await self._limits.close()

        return routes

    async def _forget_all(self, resident: str) -> None:
        await self._answers.drop_all(f"{resident}:")
        await self.forget(resident)

    async def _answer(self, responder: Responder, account: Account, push: Push) -> str:
        """Return what to say in this connection, "" for nothing."""
        resident, one = (
            hash_openid(name, appid=account.appid, key=self._openid_key)
            for name in (push.message.user, "\0".join(identity(push.message)))
        )
        await self._guard.check_first(f"{account.id} {push.timestamp} {push.nonce}", one, self._now())
        api = self._apis.get(account.id)

        async def late(answer: Answer) -> None:
            if api is None or not answer.text:
                return
            delivery = await send_text(api, push.message.user, answer.text)
            if delivery is Delivery.SENT:
                await responder.said(answer)
            else:
                logger.warning("account %s: a late answer: %s; it waits for 继续", account.id, delivery.value)

        async def respond() -> Answer:  # once for all tries of a push, so that WeChat's own retries do not count
            if not isinstance(push.message, Unsubscribe) and await self._too_often(resident):
                return Answer(resident, self._texts.too_often)
            return await responder.respond(account, push.message, resident)

        try:
            answer = await self._dedup.answer(
                f"{resident}:{account.id}:{one}",
                respond,
                within=self._passive_seconds,
                late=late,
            )
        except OverloadedError:
            logger.error("account %s: too many turns under way; a push was put off", account.id)
            return self._texts.busy
        if answer is None:
            return "" if api else self._texts.wait
        await responder.said(answer)
        return answer.text

    async def _too_often(self, resident: str) -> bool:
        return bool(self._per_minute and self._limits and await self._limits.wait("wechat", resident, self._per_minute))

    def _account(self, account_id: str) -> Account:
        if account_id not in self.accounts:
            raise NotFoundError(f"there is no WeChat account «{account_id[:40]}» here; see docs/wechat.md")
        return self.accounts[account_id]


def _arguments(request: Request) -> dict[str, str]:
    return {name: request.args.get(name) for name in request.args}


def _never_5xx(view: View) -> View:
    """Turn RequestError into its 4xx and anything unexpected into `success`; the log gets the cause."""

    @wraps(view)
    async def inner(request: Request, account_id: str) -> HTTPResponse:
        try:
            return await view(request, account_id)
        except RequestError as error:
            logger.warning("%s refused: %s", request.path[:80], error)
            return json_reply({"error": str(error)}, error.status)
        except Exception:
            logger.exception("%s: a push failed", request.path[:80])
            return response.text(NOTHING)

    return inner
