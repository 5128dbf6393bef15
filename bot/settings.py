"""Settings, read once from the environment; every name, default and meaning stands here and in docs/settings.md."""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Optional, Union

from bot.errors import SettingsError

ROOT = Path(__file__).resolve().parent.parent
_ORIGIN = re.compile(r"https?://(\*\.)?[a-z0-9]([a-z0-9.\-]*[a-z0-9])?(:[0-9]{1,5})?")


@dataclass(frozen=True)
class Settings:
    """host, port: where the server listens. database_url: SQLAlchemy URL of knowledge, conversations and feedback.

    redis_url: of the Redis that several processes share, None for one process. embed_origins: of the sites that may show the
    chat in a frame, besides this server's own. models: folder of trained models.
    knowledge, data: the folders of reviewed YAML and training data. endpoints: Rasa's file of the event broker.
    staff_idle_minutes, staff_session_hours: how long a log-in of staff lasts unused, and at most.
    log_format: json or text. log_level: the least level that is written. metrics_from: who may read /metrics.
    """

    host: str = "127.0.0.1"
    port: int = 5005
    database_url: str = f"sqlite:///{ROOT / 'var' / 'bot.sqlite'}"
    redis_url: Optional[str] = None
    embed_origins: tuple[str, ...] = ()
    models: Path = ROOT / "models"
    knowledge: Path = ROOT / "knowledge"
    data: Path = ROOT / "data"
    endpoints: Path = ROOT / "endpoints.yml"
    staff_idle_minutes: int = 60
    staff_session_hours: int = 12
    log_format: str = "text"
    log_level: str = "INFO"
    metrics_from: tuple[Union[ipaddress.IPv4Network, ipaddress.IPv6Network], ...] = ()


def read_settings(environment: dict[str, str] | None = None) -> Settings:
    """Return the settings of this process. Raises SettingsError for a value that cannot be meant."""
    env = os.environ if environment is None else environment
    port = env.get("PORT", "5005")
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise SettingsError(f"PORT is «{port}», it must be a number from 1 to 65535, for example 5005")
    url = env.get("DATABASE_URL") or Settings.database_url
    if "://" not in url:
        raise SettingsError(f"DATABASE_URL is «{url}», it must be an SQLAlchemy URL, for example sqlite:///var/bot.sqlite")
    return Settings(
        host=env.get("HOST") or "127.0.0.1",
        port=int(port),
        database_url=url,
        redis_url=_redis_url(env.get("REDIS_URL", "")),
        embed_origins=_origins(env.get("EMBED_ORIGINS", "")),
        models=Path(env.get("MODELS") or Settings.models),
        knowledge=Path(env.get("KNOWLEDGE") or Settings.knowledge),
        data=Path(env.get("DATA") or Settings.data),
        endpoints=Path(env.get("ENDPOINTS") or Settings.endpoints),
        staff_idle_minutes=_number(env, "STAFF_IDLE_MINUTES", Settings.staff_idle_minutes, 1440),
        staff_session_hours=_number(env, "STAFF_SESSION_HOURS", Settings.staff_session_hours, 720),
        log_format=_one_of(env, "LOG_FORMAT", ("json", "text"), "text" if sys.stderr.isatty() else "json"),
        log_level=_one_of(env, "LOG_LEVEL", ("debug", "info", "warning", "error"), "info").upper(),
        metrics_from=_networks(env, "METRICS_FROM", "127.0.0.1,::1"),
    )


def _number(env: Mapping[str, str], name: str, default: int, highest: int) -> int:
    value = env.get(name) or str(default)
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= highest):
        raise SettingsError(f"{name} is «{value}», it must be a number from 1 to {highest}, for example {default}")
    return int(value)


def _redis_url(url: str) -> Optional[str]:
    if url and not url.startswith(("redis://", "rediss://", "unix://")):
        raise SettingsError("REDIS_URL must begin with redis://, rediss:// or unix://, for example redis://127.0.0.1:6379/0")
    return url or None


def _one_of(env: Mapping[str, str], name: str, values: tuple[str, ...], default: str) -> str:
    value = (env.get(name) or default).lower()
    if value not in values:
        raise SettingsError(f"{name} is «{value}», it must be one of {', '.join(values)}")
    return value


def _networks(env: Mapping[str, str], name: str, default: str) -> tuple[Union[ipaddress.IPv4Network, ipaddress.IPv6Network], ...]:
    listed = [part.strip() for part in env.get(name, default).split(",") if part.strip()]
    try:
        return tuple(ipaddress.ip_network(part) for part in listed)
    except ValueError as error:
        raise SettingsError(f"{name}: {error}; write addresses and networks such as 127.0.0.1,10.0.0.0/8") from error


def _origins(listed: str) -> tuple[str, ...]:
    origins = tuple(re.split(r"[,\s]+", listed.strip())) if listed.strip() else ()
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise SettingsError(
                f"EMBED_ORIGINS names «{origin[:80]}»; each must be an origin without a path, for example https://www.example.gov.cn"
            )
    return origins
