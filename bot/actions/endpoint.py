"""Runs the custom actions inside the server's process, where Rasa expects an action server."""

from __future__ import annotations

import logging
from typing import Any, Optional

from rasa.utils.endpoints import ClientResponseError, EndpointConfig
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection

logger = logging.getLogger(__name__)
FAULT = "抱歉，系统出了点问题，这个问题没能查到。请稍后再试，或拨打政务服务便民热线 12345。"


class LocalActions(EndpointConfig):
    """An action endpoint that calls the actions directly. A fault becomes one sentence; the log gets the cause."""

    def __init__(self, package: str = "bot.actions") -> None:
        super().__init__(url="local://actions")
        self._executor = ActionExecutor()
        self._executor.register_package(package)

    def copy(self) -> LocalActions:
        return self

    async def request(self, method: str = "post", subpath: Optional[str] = None, **kwargs: Any) -> Optional[Any]:
        call = kwargs["json"]
        try:
            return await self._executor.run(call)
        except ActionExecutionRejection as rejection:
            raise ClientResponseError(
                400, str(rejection), {"action_name": rejection.action_name, "error": str(rejection)}
            ) from rejection
        except Exception:
            logger.exception("action %s failed", call.get("next_action"))
            from bot.channels.turn import failure

            message = failure(call.get("sender_id", ""), FAULT)
            return {"events": [], "responses": [{"text": message["text"], "custom": message["custom"]}]}
