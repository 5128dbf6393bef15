"""Save everything that nothing else could bring back in one file, and bring it back: rows, the model in use, reviewed files.

The rows are written as text through SQLAlchemy, whatever the database, so a backup of SQLite can be restored into
PostgreSQL and the other way round. Secrets (keys in the environment) are not in it.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import tarfile
import tempfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath
from typing import Any, Iterator, Optional

from sqlalchemy import MetaData, Table, func, insert, select, text
from sqlalchemy.engine import Connection, Engine

from bot.errors import BotError
from bot.settings import Settings
from bot.storage import tables
from bot.storage.database import migrate, open_engine, revision

FORMAT = 1
ROWS_AT_ONCE = 1000
MANIFEST = "backup.json"
FOLDERS = ("models", "knowledge", "data")


class BackupError(BotError):
    """A backup cannot be made or restored; the message says why and what would be right."""


@dataclass(frozen=True)
class Done:
    """What a backup holds or a restore brought back. rows: by table. set_aside: folders that were in the way."""

    rows: dict[str, int]
    files: int
    set_aside: tuple[Path, ...] = ()


def backup(settings: Settings, model: Optional[Path], file: Path) -> Done:
    """Write `file`; a running server goes on. model: the one in use. Raises BackupError; then there is no file."""
    kept = {name: list(_kept_files(getattr(settings, name), name, model)) for name in FOLDERS}
    rows: dict[str, int] = {}
    with _new_file(file) as raw, tarfile.open(fileobj=raw, mode="w:gz", compresslevel=6) as archive:
        engine = open_engine(settings.database_url)
        with _snapshot(engine) as connection:
            at = revision(connection)
            for table in tables.metadata.sorted_tables:
                with tempfile.TemporaryFile() as lines:
                    rows[table.name] = _write_rows(connection, table, lines)
                    _add(archive, f"rows/{table.name}.jsonl", lines)
        engine.dispose()
        for name, paths in kept.items():
            for path in paths:
                archive.add(path, f"{name}/{path.relative_to(getattr(settings, name)).as_posix()}", recursive=False)
        manifest = {"format": FORMAT, "made_at": datetime.now(timezone.utc).isoformat(), "revision": at, "rows": rows}
        _add(archive, MANIFEST, io.BytesIO(json.dumps(manifest, indent=1).encode()))
    return Done(rows, sum(map(len, kept.values())))


def restore(settings: Settings, file: Path) -> Done:
    """Bring `file` back into an empty database and the folders of `settings`; folders with other content are set aside.

    Raises BackupError, nothing being changed, if the file is no whole backup or the database holds rows already.
    """
    with tempfile.TemporaryDirectory(prefix="bot-restore-") as unpacked:
        manifest = _unpack(file, Path(unpacked))
        engine = open_engine(settings.database_url)
        _check_empty(engine)
        _restore_rows(engine, Path(unpacked) / "rows", manifest)
        engine.dispose()
        aside = [_restore_folder(Path(unpacked) / name, getattr(settings, name)) for name in FOLDERS]
        files = sum(1 for name in FOLDERS for path in (Path(unpacked) / name).rglob("*") if path.is_file())
    return Done(manifest["rows"], files, tuple(path for path in aside if path))


def _kept_files(folder: Path, name: str, model: Optional[Path]) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith(".") and (name != "models" or path == model or path.suffix == ".json"):
            yield path


@contextmanager
def _new_file(file: Path) -> Iterator[Any]:
    """Give a file that takes its name when it is whole; only its owner may read it."""
    part = file.with_name(f".{file.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as raw:
            yield raw
            raw.flush()
            os.fsync(raw.fileno())
        part.replace(file)
    except OSError as error:
        raise BackupError(f"{file} cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    """Give a connection that sees one moment of the database, however long it reads."""
    migrate(engine)
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            yield connection
    else:
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            yield connection


def _write_rows(connection: Connection, table: Table, lines: Any) -> int:
    count = 0
    for row in connection.execution_options(stream_results=True).execute(select(table)).mappings():
        lines.write(json.dumps({key: _plain(value) for key, value in row.items()}, ensure_ascii=False).encode() + b"\n")
        count += 1
    return count


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    if isinstance(value, (bytes, memoryview)):
        return {"bytes": base64.b64encode(bytes(value)).decode()}
    return {"json": value} if isinstance(value, (dict, list)) else value


def _typed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "at":
        return datetime.fromisoformat(content)
    return base64.b64decode(content) if kind == "bytes" else content


def _add(archive: tarfile.TarFile, name: str, content: Any) -> None:
    info = tarfile.TarInfo(name)
    info.size = content.seek(0, os.SEEK_END)
    content.seek(0)
    archive.addfile(info, content)


def _unpack(file: Path, folder: Path) -> dict[str, Any]:
    try:
        with tarfile.open(file, "r:gz") as archive:
            for member in archive:
                parts = PurePosixPath(member.name).parts
                if not member.isfile() or ".." in parts or parts[0] not in ("rows", *FOLDERS, MANIFEST):
                    raise BackupError(f"{file} is no backup of this bot: it holds «{member.name[:80]}»")
                target = folder.joinpath(*parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                content = archive.extractfile(member)
                target.write_bytes(content.read() if content else b"")
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BackupError(f"{file} does not exist, or is no whole backup: {MANIFEST}, which is written last, is missing") from None
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, ValueError) as error:
        raise BackupError(f"{file} is no whole backup: {error}") from error
    except OSError as error:
        raise BackupError(f"{file} cannot be read: {error.strerror}") from error
    if manifest.get("format") != FORMAT:
        raise BackupError(f"{file} has format {manifest.get('format')}; this version reads {FORMAT}")
    return manifest


def _check_empty(engine: Engine) -> None:
    there = MetaData()
    there.reflect(engine)
    with engine.connect() as connection:
        for name in tables.metadata.tables:
            if name in there.tables and connection.execute(select(func.count()).select_from(there.tables[name])).scalar():
                raise BackupError(
                    f"the database {engine.url.render_as_string()} holds rows already (table {name}); restore into an empty one: "
                    "move the file away, or name another by DATABASE_URL"
                )


def _restore_rows(engine: Engine, folder: Path, manifest: dict[str, Any]) -> None:
    migrate(engine, manifest["revision"])
    then = MetaData()  # the tables as they were when the backup was made
    then.reflect(engine)
    with engine.begin() as connection:
        for table in then.sorted_tables:
            file = folder / f"{table.name}.jsonl"
            if file.exists():
                _read_rows(connection, table, file)
                _continue_numbering(connection, table)
    migrate(engine)


def _read_rows(connection: Connection, table: Table, file: Path) -> None:
    rows: list[dict[str, Any]] = []
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            rows.append({key: _typed(value) for key, value in json.loads(line).items()})
            if len(rows) == ROWS_AT_ONCE:
                connection.execute(insert(table), rows)
                rows = []
    if rows:
        connection.execute(insert(table), rows)


def _continue_numbering(connection: Connection, table: Table) -> None:
    """Let PostgreSQL's own numbers go on after those of the rows; SQLite does so by itself."""
    key = list(table.primary_key.columns)
    if connection.dialect.name == "postgresql" and len(key) == 1 and key[0].type.python_type is int:
        column = connection.dialect.identifier_preparer.quote(key[0].name)
        name = connection.dialect.identifier_preparer.quote(table.name)
        sequence = f"pg_get_serial_sequence('{name}', '{key[0].name}')"
        connection.execute(text(f"select setval({sequence}, max({column})) from {name} having max({column}) is not null"))


def _restore_folder(source: Path, target: Path) -> Optional[Path]:
    """Put `source` in the place of `target`; return where the old content went, None if there was none or the same."""
    if not source.is_dir() or _contents(source) == _contents(target):
        return None
    aside = None
    if target.exists() and any(target.iterdir()):
        aside = target.with_name(f"{target.name}.before-restore-{datetime.now():%Y%m%d-%H%M%S}")
        target.rename(aside)
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.rglob("*")):
        if path.is_file():
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    return aside


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
