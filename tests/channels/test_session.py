"""bot.channels.session: only what this server signed is a session, and only for its time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.session import SessionError, Sessions

KEY, NOW = "k" * 32, 1_800_000_000.0
SESSIONS = Sessions(KEY, 30)
TOKEN = SESSIONS.new(NOW)


def test_a_session_opens_to_its_own_id_until_it_is_over() -> None:
    assert SESSIONS.open(TOKEN, NOW) == SESSIONS.open(TOKEN, NOW + 30 * 86400 - 1)
    assert len({SESSIONS.open(SESSIONS.new(NOW), NOW) for _ in range(1000)}) == 1000
    with pytest.raises(SessionError, match="over"):
        SESSIONS.open(TOKEN, NOW + 30 * 86400 + 1)
    with pytest.raises(SessionError, match="over"):
        SESSIONS.open(TOKEN, NOW - 3600)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(SessionError, match="did not give out"):
        Sessions("x" * 32, 30).open(TOKEN, NOW)


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from("0aZ_-."))
def test_no_other_token_opens(position: int, character: str) -> None:
    forged = TOKEN[:position] + character + TOKEN[position + 1 :]
    if forged != TOKEN:
        with pytest.raises(SessionError):
            SESSIONS.open(forged, NOW)


@given(st.none() | st.integers() | st.text(max_size=200) | st.lists(st.text()) | st.binary())
def test_nothing_else_opens_and_nothing_breaks(token: object) -> None:
    with pytest.raises(SessionError):
        SESSIONS.open(token, NOW)


def test_an_id_says_nothing_of_its_token() -> None:
    resident = SESSIONS.open(TOKEN, NOW)
    for guess in (resident, f"{int(NOW):x}.{resident}", f"{int(NOW):x}.{resident}." + "A" * 43):
        with pytest.raises(SessionError):
            SESSIONS.open(guess, NOW)
