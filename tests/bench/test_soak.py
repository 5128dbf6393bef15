"""bench.soak: what grew or failed is found, what stayed is not, and the picture is drawn."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from bench.soak import Load, Point, Soak, draw, judge, quantile


def steady(**growing: float) -> Soak:
    """Return an hour of ten turns a second; each of `growing` ends at that many times its beginning."""
    result = Soak(rate=10, minutes=60, capacity=20)
    for number in range(100):
        values = {"p50": 5.0, "p99": 20.0, "memory": 500.0, "files": 40}
        for name, factor in growing.items():
            values[name] = values.get(name, 1) * (1 + (factor - 1) * number / 99)
        result.points.append(
            Point(
                seconds=36.0 * (number + 1),
                turns=360,
                errors=0,
                database=1.0,
                waiting=0,
                server_processor=0.5,
                own_processor=0.1,
                **{**values, "files": int(values["files"])},  # type: ignore[arg-type]
            )  # fmt: skip
        )
    return result


def test_an_even_hour_is_right() -> None:
    assert judge(steady()) == [] and judge(steady(memory=1.03, p99=1.2)) == []


@pytest.mark.parametrize(("name", "factor"), [("memory", 1.2), ("p50", 1.8), ("p99", 2.5), ("files", 2.0)])
def test_growth_is_found(name: str, factor: float) -> None:
    (finding,) = judge(steady(**{name: factor}))
    assert name in finding


def test_errors_and_missing_turns_are_found() -> None:
    result = steady()
    result.points[5].errors, result.points[6].turns = 3, 0
    assert judge(result) == ["3 turns failed"]
    for point in result.points:
        point.turns = 300
    assert len(judge(result)) == 2


def test_the_picture_is_small_enough_for_the_documentation(tmp_path: Path) -> None:
    draw(steady(memory=1.02), tmp_path / "soak.png")
    assert 5_000 < (tmp_path / "soak.png").stat().st_size < 300_000


def test_quantiles() -> None:
    assert quantile([], 0.5) == 0 and quantile([0.001] * 99 + [1.0], 0.99) == 1000 and quantile([0.002, 0.001, 0.003], 0.5) == 2


async def test_the_load_goes_on_at_its_rate_when_the_server_is_slow() -> None:
    asked = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        while await reader.readuntil(b"\r\n\r\n"):
            await reader.readuntil(b"}")
            asked += 1
            await asyncio.sleep(0.4)
            writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n[{"text": ""}]')
            await writer.drain()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    load = Load(server.sockets[0].getsockname()[1], [["一", "二"]])
    await load.run(100, time.perf_counter() + 1)
    latencies, errors = load.take()
    assert errors == 0 and 60 < len(latencies) < 150 and min(latencies) >= 0.39  # the event loop may wake a millisecond early
    server.close()
