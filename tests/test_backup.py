"""bot.backup: what is saved comes back the same, in any database; what is no whole backup changes nothing."""

from __future__ import annotations

import io
import json
import sqlite3
import stat
import tarfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from bot.backup import BackupError, backup, restore
from bot.settings import Settings
from bot.storage import tables
from bot.storage.database import migrate, open_engine
from tests.conftest import Server
from tests.faults.conftest import BreakableServer

AT = datetime(2026, 3, 1, 8, 30, 0, 123456)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A small installation with a row or two in the main tables."""
    made = Settings(
        database_url=f"sqlite:///{tmp_path / 'old' / 'bot.sqlite'}",
        models=tmp_path / "old" / "models",
        knowledge=tmp_path / "old" / "knowledge",
        data=tmp_path / "old" / "data",
    )
    for path, content in (
        (made.models / "used.tar.gz", "the model in use"),
        (made.models / "other.tar.gz", "another"),
        (made.models / "registry.json", "{}"),
        (made.knowledge / "dagang" / "2.2.yml", "name: 社保卡补换卡"),
        (made.data / "nlu" / "services" / "a.yml", "nlu: []"),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    engine = open_engine(made.database_url)
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(insert(tables.conversation).values(id="rest:a", channel="rest", updated_at=AT, state=b"\x00\xff"))
        turn = {"at": AT, "conversation_id": "rest:a", "channel": "rest", "kind": "answer", "confidence": 0.9871}
        connection.execute(insert(tables.turn), [{**turn, "question": f"第{n}问\n\u2028「」"} for n in range(2500)])
        connection.execute(insert(tables.account).values(**account()))
    engine.dispose()
    return made


def account() -> dict[str, Any]:
    """Return a row of whatever the table of accounts wants."""
    values: dict[str, Any] = {}
    for column in tables.account.columns:
        if column.nullable or column.default is not None or (column.primary_key and column.type.python_type is int):
            continue
        kind = column.type.python_type
        values[column.name] = {str: "x", int: 1, bool: True, datetime: AT, dict: ["hotline"], bytes: b"x", float: 0.5}[kind]
    return values


def elsewhere(settings: Settings, folder: Path, **more: Any) -> Settings:
    url = f"sqlite:///{folder / 'bot.sqlite'}"
    return replace(settings, **{**{n: folder / n for n in ("models", "knowledge", "data")}, "database_url": url, **more})


def rows(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    engine = open_engine(settings.database_url)
    with engine.connect() as connection:
        found = {t.name: sorted(map(tuple, connection.execute(select(t))), key=repr) for t in tables.metadata.sorted_tables}
    engine.dispose()
    return found


def test_a_restore_into_an_empty_folder_brings_everything_back(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "b.tar.gz"
    done = backup(settings, settings.models / "used.tar.gz", file)
    assert done.rows["turn"] == 2500 and done.files == 4
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    fresh = elsewhere(settings, tmp_path / "new")
    assert restore(fresh, file).set_aside == ()
    assert rows(fresh) == rows(settings)
    assert (fresh.models / "used.tar.gz").read_text() == "the model in use"
    assert sorted(path.name for path in fresh.models.iterdir()) == ["registry.json", "used.tar.gz"]
    assert (fresh.knowledge / "dagang" / "2.2.yml").read_text(encoding="utf-8") == "name: 社保卡补换卡"
    assert (fresh.data / "nlu" / "services" / "a.yml").exists()


def test_sqlite_moves_to_postgresql_and_numbers_go_on(settings: Settings, tmp_path: Path, postgres_url: str) -> None:
    backup(settings, None, tmp_path / "b.tar.gz")
    there = elsewhere(settings, tmp_path / "new", database_url=postgres_url)
    restore(there, tmp_path / "b.tar.gz")
    assert rows(there) == rows(settings)
    engine = open_engine(postgres_url)
    with engine.begin() as connection:
        turn = {"at": AT, "conversation_id": "x", "channel": "rest", "kind": "answer", "question": "下一问"}
        assert connection.execute(insert(tables.turn).values(**turn)).inserted_primary_key == (2501,)
    engine.dispose()
    backup(there, None, tmp_path / "back.tar.gz")
    home = elsewhere(settings, tmp_path / "home")
    restore(home, tmp_path / "back.tar.gz")
    assert rows(home) == rows(there)


def test_a_database_with_rows_is_left_alone(settings: Settings, tmp_path: Path) -> None:
    backup(settings, None, tmp_path / "b.tar.gz")
    before = rows(settings)
    with pytest.raises(BackupError, match="holds rows already"):
        restore(settings, tmp_path / "b.tar.gz")
    assert rows(settings) == before


def test_other_files_that_are_there_are_set_aside(settings: Settings, tmp_path: Path) -> None:
    backup(settings, None, tmp_path / "b.tar.gz")
    (settings.knowledge / "dagang" / "2.2.yml").write_text("name: changed since", encoding="utf-8")
    done = restore(replace(settings, database_url=f"sqlite:///{tmp_path / 'new.sqlite'}"), tmp_path / "b.tar.gz")
    assert (settings.knowledge / "dagang" / "2.2.yml").read_text(encoding="utf-8") == "name: 社保卡补换卡"
    aside = next(path for path in done.set_aside if path.name.startswith("knowledge"))
    assert (aside / "dagang" / "2.2.yml").read_text(encoding="utf-8") == "name: changed since"
    assert not any(path.name.startswith("data") for path in done.set_aside)  # the same as before


@pytest.mark.parametrize("kept", [0, 10, 2000, -200])
def test_half_a_backup_is_refused(settings: Settings, tmp_path: Path, kept: int) -> None:
    file = tmp_path / "b.tar.gz"
    backup(settings, None, file)
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(BackupError):
        restore(elsewhere(settings, tmp_path / "new"), file)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "knowledge/../../evil", "other/x"])
def test_a_file_that_reaches_out_of_its_folder_is_refused(settings: Settings, tmp_path: Path, name: str) -> None:
    with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    with pytest.raises(BackupError, match="is no backup"):
        restore(elsewhere(settings, tmp_path / "new"), tmp_path / "b.tar.gz")
    assert not list(tmp_path.rglob("evil"))


def test_a_backup_of_a_newer_version_is_refused(settings: Settings, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as archive:
        content = json.dumps({"format": 1, "revision": "9999", "rows": {}}).encode()
        info = tarfile.TarInfo("backup.json")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    with pytest.raises(Exception, match="9999"):
        restore(elsewhere(settings, tmp_path / "new"), tmp_path / "b.tar.gz")


def test_where_nothing_can_be_written_there_is_a_reason_and_no_file(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="cannot be written"):
        backup(settings, None, tmp_path / "nowhere" / "b.tar.gz")


@pytest.mark.server
def test_a_restored_server_goes_on_where_the_old_one_was(server: Server, tmp_path: Path) -> None:
    from bot.models.registry import Registry

    server.say("moves house", "补社保卡要带什么", "dagang")
    now = replace(Settings(), database_url=server.database_url)
    registry = Registry(now.models)
    backup(now, registry.file_of(registry.get(server.request("/health")[1]["model"])), tmp_path / "b.tar.gz")
    there = elsewhere(now, tmp_path / "new")
    restore(there, tmp_path / "b.tar.gz")
    folders = {name.upper(): str(getattr(there, name)) for name in ("models", "knowledge", "data")}
    restored = BreakableServer(tmp_path, there.database_url, **folders)
    restored.start()
    try:
        assert restored.health()[1] == server.request("/health")[1]
        for question in ("本人", "那电话多少", "低保怎么申请", "您好"):
            assert restored.say("moves house", question) == server.say("moves house", question)
    finally:
        restored.stop()
    with sqlite3.connect(tmp_path / "new" / "bot.sqlite") as connection:
        assert connection.execute("select count(*) from turn where conversation_id = 'rest:moves house'").fetchone() == (5,)
