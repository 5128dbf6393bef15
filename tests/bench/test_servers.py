"""What is measured is the server that was started, not one that happened to be there."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from bench.servers import Bot


def test_a_port_that_is_taken_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        bot = Bot(other.getsockname()[1], tmp_path / "bot")
        with pytest.raises(RuntimeError, match="is taken"):
            bot.launch()
    assert bot.processes == {}
