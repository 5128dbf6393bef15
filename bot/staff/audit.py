"""Who did what and when: one row a change, written in the transaction of the change."""

from __future__ import annotations

from typing import Any, Optional

from sqlalchemy import insert
from sqlalchemy.engine import Connection

from bot.staff.accounts import Account, now
from bot.storage.tables import audit as table
from bot.text import mask


def audit(connection: Connection, who: Optional[Account], action: str, subject: str = "", **detail: Any) -> None:
    """Record that `who` (None: nobody logged in) did `action`.

    action: what, as "thing.verb" (「phrasing.move」). subject: on what (an item, a service, a name). detail: plain JSON, for a
    change `before` and `after`. Personal numbers in texts are masked.
    """
    row = {"at": now(), "account_id": who.id if who else None, "account": who.name if who else "", "action": action}
    connection.execute(insert(table).values(**row, subject=mask(subject)[:200], detail=_masked(detail)))


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {str(key): _masked(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(one) for one in value]
    return value
