"""Does memory stay flat? 10,000 conversations of ten turns each; memory after every tenth, and the database's bytes a turn.

`python -m bench.flat [--conversations N]` prints a table; ends with 1 if memory grew by more than 5 % after the first tenth
or a turn takes more than 2 kB of the database.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from bench.conversations import conversations
from bench.measures import ask, bot
from bench.servers import WORK, environment
from bot.settings import ROOT

TENTHS = 10
TURNS = 10
GROWTH, BYTES = 0.05, 2048


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conversations", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=16)
    options = parser.parse_args()
    subprocess.run([sys.executable, "-m", "bot", "train"], cwd=ROOT, env=environment(PYTHONPATH=str(ROOT)), check=True)
    WORK.mkdir(parents=True, exist_ok=True)
    file = WORK / "flat.json"
    rows = []
    with bot() as server:
        empty = size(server.folder)
        turns = 0
        for tenth in range(TENTHS):
            count = options.conversations // TENTHS
            eight = conversations(ROOT / "data" / "nlu", count, seed=100 + tenth)
            file.write_text(json.dumps([(talk + talk)[:TURNS] for talk in eight]), encoding="utf-8")
            found = ask(server.port, file, name=f"flat-{tenth}", clients=options.clients, seconds=1e6, once=True)
            turns += found["turns"]
            pss = server.memory()["server"]["pss"]
            rows.append((turns, pss, (size(server.folder) - empty) / turns, found["turns"] / found["seconds"], os.getloadavg()[0]))
            print(
                f"{turns:7} turns  {pss:7.1f} MB  {rows[-1][2]:6.0f} bytes a turn  {rows[-1][3]:6.1f} turns/s  load {rows[-1][4]:.1f}",
                flush=True,
            )
        tables = table_sizes(server.folder / "bot.sqlite")
    growth, per_turn = rows[-1][1] / rows[0][1] - 1, rows[-1][2]
    print(f"memory grew by {growth:.1%} after the first tenth; the database by {per_turn:.0f} bytes a turn")
    print(
        ", ".join(f"{name} {count / turns:.0f}" for name, count in tables.items() if count > 4096 * 8),
        "bytes a turn by table and index",
    )
    path = ROOT / "results" / f"flat-{time.strftime('%Y%m%d-%H%M%S')}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"rows": rows, "growth": growth, "bytes_a_turn": per_turn, "tables": tables}), encoding="utf-8")
    return 1 if growth > GROWTH or per_turn > BYTES else 0


def size(folder: Path) -> int:
    """Return the bytes of the SQLite file, its log emptied into it."""
    file = folder / "bot.sqlite"
    with sqlite3.connect(file, timeout=30) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        pages, page = connection.execute("PRAGMA page_count").fetchone()[0], connection.execute("PRAGMA page_size").fetchone()[0]
    connection.close()
    return int(pages) * int(page)


def table_sizes(file: Path) -> dict[str, int]:
    """Return the bytes of each table and index, {} where SQLite was built without its statistics."""
    connection = sqlite3.connect(file, timeout=30)
    try:
        rows = connection.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC").fetchall()
        return {str(name): int(count) for name, count in rows}
    except sqlite3.OperationalError:
        return {}
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
