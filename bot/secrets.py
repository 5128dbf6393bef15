"""Secrets come from the environment or from a file named there (`NAME` or `NAME_FILE`), never from the repository.

A message names the setting and what is wrong with it, never the value.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Mapping, Optional

from bot.errors import SettingsError

MIN_KEY = 32
PLACEHOLDERS = frozenset({"changeme", "change-me", "secret", "password", "xxx", "todo"})


def read_secret(environment: Mapping[str, str], name: str) -> Optional[str]:
    """Return the secret `name`, "" and white space around it stripped; None if neither it nor `name`_FILE is set.

    Raises SettingsError if both are set, or the file is missing, empty or no UTF-8 text.
    """
    value, file = environment.get(name, "").strip(), environment.get(f"{name}_FILE", "").strip()
    if value and file:
        raise SettingsError(f"both {name} and {name}_FILE are set; keep one")
    if not file:
        return value or None
    try:
        value = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}_FILE: the file cannot be read as UTF-8 text ({error.__class__.__name__})") from None
    if not value:
        raise SettingsError(f"{name}_FILE: the file is empty; it must hold nothing but the secret")
    return value


def read_key(environment: Mapping[str, str], name: str) -> Optional[str]:
    """Return the signing key `name`, None if it is not set. Raises SettingsError for one that could be guessed."""
    key = read_secret(environment, name)
    if key is not None and (len(key) < MIN_KEY or len(set(key)) < 8 or key.lower() in PLACEHOLDERS):
        raise SettingsError(
            f"{name} must be a random secret of {MIN_KEY} characters or more, for example from `openssl rand -hex 32`"
        )
    return key


def kept_key(file: Path) -> str:
    """Return the key that `file` holds; on the first call make it, readable for its owner only (mode 0600).

    Raises SettingsError if the file cannot be made, or others may read it.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(descriptor, "w", encoding="ascii") as fresh:
                fresh.write(secrets.token_hex(32))
        if file.stat().st_mode & 0o077:
            raise SettingsError(
                f"{file.name}: others may read or write this key; run `chmod 600` on it, or set the key as a setting"
            )
        key = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{file.name}: the key cannot be kept there ({error.__class__.__name__}); set it as a setting"
        ) from None
    if len(key) < MIN_KEY:
        raise SettingsError(f"{file.name} holds no key of {MIN_KEY} characters; delete the file to get a new one")
    return key
