"""Logging in: sessions kept by the hash of their token, and lock-out after failures. Functions of an open connection."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Optional

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Connection

from bot.settings import current_settings
from bot.staff.accounts import Account
from bot.staff.audit import audit
from bot.storage.tables import account, login_attempt, staff_session

LOCKED_FOR = timedelta(minutes=15)
FAILURES_OF_NAME = 5  # from one address: who fails elsewhere must not shut out the owner
FAILURES_OF_NAME_ANYWHERE = 100
FAILURES_OF_ADDRESS = 20
TOUCH_AFTER = timedelta(minutes=1)  # how stale `seen_at` may become, so that not every request writes
KEEP_ATTEMPTS = timedelta(days=2)


@dataclass(frozen=True)
class Attempt:
    """A log-in under way. It counts as a failure until `succeed`. `password` is the hash to verify; None: no such account."""

    id: int
    account: Optional[Account]
    password: Optional[str]


def begin(connection: Connection, name: str, address: str, now: datetime) -> Optional[Attempt]:
    """Record an attempt before the password is looked at, so that guesses side by side all count; None while locked out.

    A name that nobody has is counted and locked like any other. address: what is locked together (guard.neighbourhood).
    """
    row = connection.execute(select(account).where(account.c.name == name, ~account.c.disabled)).first()
    tried, here = login_attempt.c.name_key == _key_of(name), login_attempt.c.address == address
    for whose, most in ((here, FAILURES_OF_ADDRESS), (tried & here, FAILURES_OF_NAME), (tried, FAILURES_OF_NAME_ANYWHERE)):
        if _failures(connection, whose, now) >= most:
            return None
    key = row.id if row else None
    values = {"at": now, "account_id": key, "name_key": _key_of(name), "address": address, "succeeded": False}
    (attempt,) = connection.execute(insert(login_attempt).values(**values)).inserted_primary_key
    if row is None:
        return Attempt(attempt, None, None)
    return Attempt(attempt, Account(row.id, row.name, tuple(row.roles)), row.password)


def fail(connection: Connection, attempt: Attempt, address: str, now: datetime) -> None:
    """Leave the attempt a failure; a known account's failure, and that it is locked there now, go into the audit log."""
    if attempt.account is None:
        return
    audit(connection, None, "login.failed", attempt.account.name, address=address)
    tried, minutes = login_attempt.c.name_key == _key_of(attempt.account.name), LOCKED_FOR.seconds // 60
    if _failures(connection, tried & (login_attempt.c.address == address), now) >= FAILURES_OF_NAME:
        audit(connection, None, "login.locked", attempt.account.name, address=address, minutes=minutes)
    elif _failures(connection, tried, now) >= FAILURES_OF_NAME_ANYWHERE:
        audit(connection, None, "login.locked", attempt.account.name, address="*", minutes=minutes)


def succeed(connection: Connection, attempt: Attempt, address: str, now: datetime) -> str:
    """Open a session; return its token, of which the database keeps the hash only."""
    assert attempt.account is not None
    connection.execute(update(login_attempt).where(login_attempt.c.id == attempt.id).values(succeeded=True))
    connection.execute(delete(login_attempt).where(login_attempt.c.at < now - KEEP_ATTEMPTS))
    token = secrets.token_urlsafe(32)
    row = {"token_hash": _hash(token), "account_id": attempt.account.id, "created_at": now, "seen_at": now, "address": address}
    connection.execute(insert(staff_session).values(**row))
    audit(connection, attempt.account, "login", attempt.account.name, address=address)
    return token


def find(connection: Connection, token: str, now: datetime, idle: timedelta, absolute: timedelta) -> Optional[Account]:
    """Return whose session it is; None if there is none, it is over, or the account is shut."""
    query = select(staff_session, account.c.name, account.c.roles, account.c.disabled).join(
        account, account.c.id == staff_session.c.account_id
    )
    row = connection.execute(query.where(staff_session.c.token_hash == _hash(token))).first()
    if row is None:
        return None
    if row.disabled or now - row.seen_at >= idle or now - row.created_at >= absolute:
        close(connection, token)
        return None
    if now - row.seen_at >= TOUCH_AFTER:
        connection.execute(update(staff_session).where(staff_session.c.token_hash == row.token_hash).values(seen_at=now))
    return Account(row.account_id, row.name, tuple(row.roles))


def close(connection: Connection, token: str) -> None:
    connection.execute(delete(staff_session).where(staff_session.c.token_hash == _hash(token)))


def csrf_of(token: str) -> str:
    """Return the value that the forms of a session and its requests carry; it cannot be had without the token."""
    return hashlib.sha256(b"csrf:" + token.encode()).hexdigest()


def _failures(connection: Connection, whose: object, now: datetime) -> int:
    """Count the failures of the last LOCKED_FOR that no success came after."""
    table = login_attempt
    since = now - LOCKED_FOR
    success = connection.execute(select(func.max(table.c.id)).where(whose, table.c.succeeded)).scalar() or 0
    query = select(func.count()).select_from(table).where(whose, ~table.c.succeeded, table.c.at > since, table.c.id > success)
    return connection.execute(query).scalar() or 0


def _key_of(name: str) -> str:
    """Return the keyed hash of a name that somebody tried: it may be a password in the wrong field."""
    return hmac.new(b"login:" + current_settings().signing_key().encode(), name.encode(), hashlib.sha256).hexdigest()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
