"""Settings, read once from the environment; every name, default and meaning stands here and in docs/settings.md."""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Mapping, Optional, Union

from bot.errors import SettingsError
from bot.secrets import kept_key, read_key, read_secret

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
ROOT = Path(__file__).resolve().parent.parent
_HOST = r"[a-z0-9]([a-z0-9.\-]*[a-z0-9])?(:[0-9]{1,5})?"
_ORIGIN, _EMBEDDER = re.compile(rf"https?://{_HOST}"), re.compile(rf"https?://(\*\.)?{_HOST}")


@dataclass(frozen=True)
class Settings:
    """host, port: where the server listens. database_url: SQLAlchemy URL of knowledge, conversations and feedback.

    redis_url: of the Redis that several processes share, None for one process. embed_origins: of the sites that may show the
    chat in a frame, besides this server's own. models: folder of trained models.
    knowledge, data: the folders of reviewed YAML and training data. endpoints: Rasa's file of the event broker.
    heldout: the folder of held-out questions that compare models. promotion_max_loss: percentage points that a candidate may
    lose in any set; promotion_max_service_loss: questions that it may lose of one service.
    staff_idle_minutes, staff_session_hours: how long a log-in of staff lasts unused, and at most.
    log_format: json or text. log_level: the least level that is written. metrics_from: who may read /metrics.
    session_key: signs the web chat's sessions, which last session_days. allowed_origins: sites whose scripts may call.
    trusted_proxies: whose X-Forwarded-For counts. limit_session, limit_address, limit_new_sessions: requests a minute; 0: no limit.
    keep_*_days: after how many days the rows of a table are deleted.
    """

    host: str = "127.0.0.1"
    port: int = 5005
    database_url: str = field(default=f"sqlite:///{ROOT / 'var' / 'bot.sqlite'}", repr=False)
    redis_url: Optional[str] = field(default=None, repr=False)
    embed_origins: tuple[str, ...] = ()
    models: Path = ROOT / "models"
    knowledge: Path = ROOT / "knowledge"
    data: Path = ROOT / "data"
    endpoints: Path = ROOT / "endpoints.yml"
    heldout: Path = ROOT / "tests" / "heldout"
    promotion_max_loss: float = 1.0
    promotion_max_service_loss: int = 1
    staff_idle_minutes: int = 60
    staff_session_hours: int = 12
    log_format: str = "text"
    log_level: str = "INFO"
    metrics_from: tuple[Network, ...] = ()
    session_key: Optional[str] = field(default=None, repr=False)
    session_days: int = 30
    allowed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[Network, ...] = (ipaddress.ip_network("127.0.0.1"), ipaddress.ip_network("::1"))
    limit_session: int = 60
    limit_address: int = 600
    limit_new_sessions: int = 60
    keep_conversation_days: int = 30
    keep_turn_days: int = 180
    keep_feedback_days: int = 365
    keep_handoff_days: int = 365
    keep_audit_days: int = 1095

    def signing_key(self) -> str:
        """Return the key of the web chat's sessions: the setting's, else one kept beside the database's default place."""
        return self.session_key or kept_key(ROOT / "var" / "session.key")


def read_settings(environment: dict[str, str] | None = None) -> Settings:
    """Return the settings of this process. Raises SettingsError for a value that cannot be meant."""
    env = os.environ if environment is None else environment
    port = env.get("PORT", "5005")
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise SettingsError(f"PORT is «{port}», it must be a number from 1 to 65535, for example 5005")
    url = read_secret(env, "DATABASE_URL") or Settings.database_url
    if "://" not in url:
        raise SettingsError("DATABASE_URL must be an SQLAlchemy URL, for example sqlite:///var/bot.sqlite")
    return Settings(
        host=env.get("HOST") or "127.0.0.1",
        port=int(port),
        database_url=url,
        redis_url=_redis_url(read_secret(env, "REDIS_URL")),
        embed_origins=_origins(env, "EMBED_ORIGINS", _EMBEDDER),
        models=Path(env.get("MODELS") or Settings.models),
        knowledge=Path(env.get("KNOWLEDGE") or Settings.knowledge),
        data=Path(env.get("DATA") or Settings.data),
        endpoints=Path(env.get("ENDPOINTS") or Settings.endpoints),
        heldout=Path(env.get("HELDOUT") or Settings.heldout),
        promotion_max_loss=_share(env, "PROMOTION_MAX_LOSS", Settings.promotion_max_loss),
        promotion_max_service_loss=_number(env, "PROMOTION_MAX_SERVICE_LOSS", Settings.promotion_max_service_loss, 100, lowest=0),
        staff_idle_minutes=_number(env, "STAFF_IDLE_MINUTES", Settings.staff_idle_minutes, 1440),
        staff_session_hours=_number(env, "STAFF_SESSION_HOURS", Settings.staff_session_hours, 720),
        log_format=_one_of(env, "LOG_FORMAT", ("json", "text"), "text" if sys.stderr.isatty() else "json"),
        log_level=_one_of(env, "LOG_LEVEL", ("debug", "info", "warning", "error"), "info").upper(),
        metrics_from=_networks(env, "METRICS_FROM", "127.0.0.1,::1"),
        session_key=read_key(env, "SESSION_KEY"),
        session_days=_number(env, "SESSION_DAYS", Settings.session_days, 365),
        allowed_origins=_origins(env, "ALLOWED_ORIGINS", _ORIGIN),
        trusted_proxies=_networks(env, "TRUSTED_PROXIES", "127.0.0.1,::1"),
        limit_session=_number(env, "LIMIT_SESSION", Settings.limit_session, 1_000_000, lowest=0),
        limit_address=_number(env, "LIMIT_ADDRESS", Settings.limit_address, 1_000_000, lowest=0),
        limit_new_sessions=_number(env, "LIMIT_NEW_SESSIONS", Settings.limit_new_sessions, 1_000_000, lowest=0),
        keep_conversation_days=_number(env, "KEEP_CONVERSATION_DAYS", Settings.keep_conversation_days, 3650),
        keep_turn_days=_number(env, "KEEP_TURN_DAYS", Settings.keep_turn_days, 3650),
        keep_feedback_days=_number(env, "KEEP_FEEDBACK_DAYS", Settings.keep_feedback_days, 3650),
        keep_handoff_days=_number(env, "KEEP_HANDOFF_DAYS", Settings.keep_handoff_days, 3650),
        keep_audit_days=_number(env, "KEEP_AUDIT_DAYS", Settings.keep_audit_days, 3650),
    )


@lru_cache(maxsize=1)
def current_settings() -> Settings:
    """Return the settings that this process began with, for what is asked at every turn. Raises SettingsError."""
    return read_settings()


def _number(env: Mapping[str, str], name: str, default: int, highest: int, lowest: int = 1) -> int:
    value = env.get(name) or str(default)
    if not (value.isascii() and value.isdigit() and len(value) < 10 and lowest <= int(value) <= highest):
        raise SettingsError(f"{name} is «{value[:20]}», it must be a number from {lowest} to {highest}, for example {default}")
    return int(value)


def _share(env: Mapping[str, str], name: str, default: float) -> float:
    value = env.get(name) or str(default)
    try:
        share = float(value)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 100:
        raise SettingsError(f"{name} is «{value}», it must be percentage points from 0 to 100, for example {default}")
    return share


def _redis_url(url: Optional[str]) -> Optional[str]:
    if url and not url.startswith(("redis://", "rediss://", "unix://")):
        raise SettingsError("REDIS_URL must begin with redis://, rediss:// or unix://, for example redis://127.0.0.1:6379/0")
    return url


def _one_of(env: Mapping[str, str], name: str, values: tuple[str, ...], default: str) -> str:
    value = (env.get(name) or default).lower()
    if value not in values:
        raise SettingsError(f"{name} is «{value}», it must be one of {', '.join(values)}")
    return value


def _networks(env: Mapping[str, str], name: str, default: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part) for part in _listed(env.get(name, default)))
    except ValueError as error:
        raise SettingsError(f"{name}: {error}; write addresses and networks such as 127.0.0.1,10.0.0.0/8") from error


def _origins(env: Mapping[str, str], name: str, form: re.Pattern[str]) -> tuple[str, ...]:
    origins = tuple(_listed(env.get(name, "")))
    for origin in origins:
        if not form.fullmatch(origin):
            raise SettingsError(
                f"{name} names «{origin[:80]}»; each must be an origin without a path, such as https://www.example.gov.cn"
            )
    return origins


def _listed(value: str) -> list[str]:
    return [part for part in re.split(r"[,\s]+", value) if part]
