"""Accounts of staff: names, roles, argon2 hashes. Functions of an open connection; whoever calls commits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache
from typing import Optional

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Connection

from bot.errors import NotFoundError, RequestError
from bot.storage.tables import account, staff_session
from bot.text import fold

ROLES = {"hotline": "热线", "trainer": "训练员", "editor": "事项编辑", "admin": "管理员"}
MIN_PASSWORD, MAX_PASSWORD = 10, 128
_NAME = re.compile(r"[\w.\-]{2,32}")
_HASHER = PasswordHasher()


@dataclass(frozen=True)
class Account:
    """Who is logged in, or who acted. `id` is None for the command line."""

    id: Optional[int]
    name: str
    roles: tuple[str, ...]

    def may(self, *roles: str) -> bool:
        """Tell whether it has one of `roles`; an admin may all, and no role at all asks for nothing but a login."""
        return not roles or "admin" in self.roles or any(role in self.roles for role in roles)


COMMAND_LINE = Account(None, "(command line)", ("admin",))


def add(connection: Connection, name: str, hashed: str, roles: tuple[str, ...]) -> Account:
    """Make an account with a password as `hash_password` gives it. Raises RequestError for a bad or taken name or role."""
    name = tidy_name(name)
    unknown = [role for role in roles if role not in ROLES]
    if not roles or unknown:
        raise RequestError(f"role «{', '.join(unknown)}» is unknown; known are {', '.join(ROLES)}")
    if connection.execute(select(account.c.id).where(account.c.name == name)).first():
        raise RequestError(f"there is an account «{name}» already")
    own = tuple(dict.fromkeys(roles))
    row = {"name": name, "roles": list(own), "password": hashed, "created_at": now()}
    (key,) = connection.execute(insert(account).values(**row, disabled=False)).inserted_primary_key
    return Account(key, name, own)


def set_password(connection: Connection, name: str, hashed: str) -> None:
    """Give the account a new password and end its sessions. Raises NotFoundError."""
    key = _id_of(connection, name)
    connection.execute(update(account).where(account.c.id == key).values(password=hashed))
    connection.execute(delete(staff_session).where(staff_session.c.account_id == key))


def set_disabled(connection: Connection, name: str, disabled: bool) -> None:
    """Shut the account and end its sessions, or open it again. Raises NotFoundError."""
    key = _id_of(connection, name)
    connection.execute(update(account).where(account.c.id == key).values(disabled=disabled))
    connection.execute(delete(staff_session).where(staff_session.c.account_id == key))


def all_accounts(connection: Connection) -> list[tuple[Account, bool]]:
    """Return (account, disabled) of all, by name."""
    rows = connection.execute(select(account).order_by(account.c.name))
    return [(Account(row.id, row.name, tuple(row.roles)), row.disabled) for row in rows]


def hash_password(name: str, password: str) -> str:
    """Return the argon2 hash (about 50 ms). Raises RequestError for a password too short, too long or too easily guessed."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise RequestError(f"a password of {MIN_PASSWORD} to {MAX_PASSWORD} characters is needed")
    if len(set(password)) < 4 or tidy_name(name) in password.lower():
        raise RequestError("the password is too easy: it needs four different characters and must not contain the name")
    return _HASHER.hash(password)


@lru_cache(maxsize=1)
def nobody() -> str:
    """Return the hash that is verified when a name is unknown, so that the time tells nothing; made when the server has started."""
    return _HASHER.hash("no account has this password")


def verify(hashed: Optional[str], password: str) -> bool:
    """Tell whether the password fits; takes as long (about 50 ms) where there is no account."""
    try:
        return _HASHER.verify(hashed or nobody(), password[: MAX_PASSWORD + 1]) and hashed is not None
    except (VerificationError, InvalidHashError):
        return False


def tidy_name(name: str) -> str:
    """Return the name as accounts keep it. Raises RequestError for one that cannot be a name."""
    tidy = fold(name).lower()
    if not _NAME.fullmatch(tidy):
        raise RequestError("a name has 2 to 32 letters, digits, Chinese characters, dots or dashes")
    return tidy


def now() -> datetime:
    return datetime.now(timezone.utc).replace(tzinfo=None)


def _id_of(connection: Connection, name: str) -> int:
    key = connection.execute(select(account.c.id).where(account.c.name == fold(name).lower())).scalar()
    if key is None:
        raise NotFoundError(f"there is no account «{name}»; `bot users list` shows all")
    return key
