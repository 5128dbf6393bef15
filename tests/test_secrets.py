"""bot.secrets and the settings that use it: from the environment or a file, checked with a clear message, never shown."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.secrets import kept_key, read_key, read_secret
from bot.settings import ROOT, read_settings

KEY = "0123456789abcdef" * 4


def test_a_secret_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("redis://:geheim@127.0.0.1/0\n", encoding="utf-8")
    assert read_secret({"REDIS_URL": " redis://x "}, "REDIS_URL") == "redis://x"
    assert read_secret({"REDIS_URL_FILE": str(tmp_path / "url")}, "REDIS_URL") == "redis://:geheim@127.0.0.1/0"
    assert read_secret({}, "REDIS_URL") is None
    settings = read_settings({"REDIS_URL_FILE": str(tmp_path / "url"), "SESSION_KEY": KEY})
    assert settings.redis_url == "redis://:geheim@127.0.0.1/0" and settings.signing_key() == KEY
    assert "geheim" not in repr(settings) and KEY not in repr(settings)


def test_both_ways_at_once_a_missing_and_an_empty_file_are_refused_without_the_value(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text(" \n")
    for environment in (
        {"SESSION_KEY": KEY, "SESSION_KEY_FILE": "x"},
        {"SESSION_KEY_FILE": str(tmp_path / "none")},
        {"SESSION_KEY_FILE": str(tmp_path / "empty")},
        {"SESSION_KEY_FILE": str(tmp_path)},
        {"SESSION_KEY": "geheim"},
        {"SESSION_KEY": "a" * 64},
    ):
        with pytest.raises(SettingsError, match="SESSION_KEY") as caught:
            read_key(environment, "SESSION_KEY")
        assert "geheim" not in str(caught.value) and KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "geheim"),
        ("REDIS_URL", "geheim"),
        ("SESSION_KEY", "geheim"),
        ("ALLOWED_ORIGINS", "*"),
        ("ALLOWED_ORIGINS", "https://a.gov.cn/path"),
        ("TRUSTED_PROXIES", "nginx"),
        ("KEEP_TURN_DAYS", "0"),
        ("LIMIT_ADDRESS", "-1"),
    ],
)
def test_a_wrong_setting_is_named_and_a_secret_is_not_shown(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        read_settings({name: value})
    assert "geheim" not in str(caught.value)


def test_the_start_says_which_setting_is_wrong() -> None:
    environment = {**os.environ, "SESSION_KEY": "geheim-but-short"}
    done = subprocess.run([sys.executable, "-m", "bot", "retention"], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 2 and "SESSION_KEY must be a random secret" in done.stderr and "geheim" not in done.stderr


def test_a_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "var" / "session.key"
    key = kept_key(file)
    assert len(key) == 64 and file.stat().st_mode & 0o777 == 0o600
    assert kept_key(file) == key and kept_key(tmp_path / "other.key") != key
    file.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        kept_key(file)
    file.chmod(0o600)
    file.write_text("")
    with pytest.raises(SettingsError, match="no key"):
        kept_key(file)


def test_every_setting_is_documented() -> None:
    import re

    names = set(re.findall(r'(?:env, |env\.get\()"([A-Z][A-Z_]+)"', (ROOT / "bot" / "settings.py").read_text(encoding="utf-8")))
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert len(names) > 15 and {name for name in names if f"`{name}`" not in page} == set()
