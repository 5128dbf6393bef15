"""`bot users`: accounts from the command line; a password never stands on it."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from bot import cli
from bot.storage import database

Bot = Callable[..., tuple[int, str]]


@pytest.fixture
def bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> Bot:
    """Run `bot users ARGUMENTS` on a fresh database; return (exit code, what it printed)."""
    opened = database.open_engine(f"sqlite:///{tmp_path / 'bot.sqlite'}")
    database.migrate(opened)
    monkeypatch.setattr(database, "engine", lambda: opened)

    def run(*arguments: str, typed: str = "") -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        code = cli.main(["users", *arguments])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def test_accounts_are_added_listed_shut_and_given_passwords(bot: Bot) -> None:
    assert "no accounts yet" in bot("list")[1]
    assert bot("add", "张敏", "--role", "hotline", "--role", "trainer", typed="a long password\n")[0] == 0
    assert "hotline, trainer" in bot("list")[1]
    code, said = bot("add", "张敏", "--role", "admin", typed="a long password\n")
    assert code == 2 and "already" in said
    assert bot("disable", "张敏")[0] == 0
    assert "(disabled)" in bot("list")[1]
    assert bot("enable", "张敏")[0] == 0
    assert "(disabled)" not in bot("list")[1]


@pytest.mark.parametrize("weak", ["", "short", "aaaaaaaaaaaa", "my张敏password", "x" * 129])
def test_weak_passwords_are_refused(bot: Bot, weak: str) -> None:
    assert bot("add", "张敏", "--role", "hotline", typed=f"{weak}\n")[0] == 2
    assert "no accounts yet" in bot("list")[1]


def test_an_account_that_is_not_there_is_said_to_be_so(bot: Bot) -> None:
    for arguments in (("enable", "nobody"), ("disable", "nobody"), ("password", "nobody")):
        code, said = bot(*arguments, typed="another password\n")
        assert code == 2 and "bot users list" in said


def test_a_password_stands_on_no_command_line() -> None:
    with pytest.raises(SystemExit):
        cli.main(["users", "add", "张敏", "--role", "hotline", "--password", "a long password"])
    with pytest.raises(SystemExit):
        cli.main(["users", "add", "张敏", "a long password", "--role", "hotline"])
