"""Pure text functions: fold what must not decide, mask personal numbers, neutralise framework commands.

Nothing here does I/O or knows of Rasa; every channel calls `clean` before a message goes anywhere else.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

import opencc

from bot.personal_numbers import MASK, hide, id_number_is_valid

__all__ = ["MASK", "clauses", "clean", "fold", "id_number_is_valid", "mask", "neutralise", "simplify", "squash"]
_OPENCC = opencc.OpenCC("t2s")
_NOT_CHARACTERS = "\ufdd0-\ufdef" + "".join(f"{chr(plane << 16 | 0xFFFE)}-{chr(plane << 16 | 0xFFFF)}" for plane in range(17))
_ZERO_WIDTH = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u20e3\ufe00-\ufe0f\ufeff\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
    + _NOT_CHARACTERS  # of Unicode: YAML reads no file with U+FFFF in it
    + "]"
)
_COMMAND = re.compile(r"^[\s\\/]*/[\s\\/]*")
_OTHER_DIGIT = re.compile(r"[^\D0-9]")


def _changed_characters() -> frozenset[str]:
    """Return the characters that OpenCC's t2s changes, alone or within a word: a text without any of them stays as it is."""
    found: set[str] = set()
    for name in ("TSCharacters.txt", "TSPhrases.txt"):
        for line in (Path(opencc.__file__).parent / "dictionary" / name).read_text(encoding="utf-8").splitlines():
            old, _, new = line.partition("\t")
            new = new.split(" ")[0]
            found |= {one for one, other in zip(old, new) if one != other} if len(old) == len(new) else set(old)
    return frozenset(found)


_TRADITIONAL = _changed_characters()


def fold(text: str) -> str:
    """Return `text` with width folded (NFKC), digits of any script made ASCII, zero-width, control and non-characters removed, white space squeezed."""
    plain = _ZERO_WIDTH.sub("", unicodedata.normalize("NFKC", text))
    plain = _OTHER_DIGIT.sub(lambda found: str(unicodedata.decimal(found.group())), plain)
    return re.sub(r"\s+", " ", plain).strip()


@lru_cache(maxsize=4096)
def simplify(text: str) -> str:
    """Return `text` folded, lower-cased and with traditional characters made simplified (OpenCC t2s)."""
    plain = fold(text)
    return (plain if _TRADITIONAL.isdisjoint(plain) else _OPENCC.convert(plain)).lower()


@lru_cache(maxsize=8192)
def squash(text: str) -> str:
    """Return only what carries meaning: simplified letters, digits and Chinese characters, nothing between them."""
    return re.sub(r"[^\w]+|_", "", simplify(text))


def mask(text: str) -> str:
    """Return `text` folded, with personal numbers replaced by `MASK`; bot.personal_numbers says which and in what forms.

    The catalog's own numbers, service hotlines, document numbers, dates and amounts stay.
    """
    return hide(fold(text))


def clean(message: str) -> str:
    """Make a resident's message safe to go on: folded, personal numbers masked, no command of the framework."""
    return neutralise(mask(message))


def neutralise(text: str) -> str:
    """Return `text` so that Rasa cannot read it as a command: a leading slash, which calls intents and sets slots, becomes "、".

    Rasa looks past white space; folding has made full-width slashes plain before. Backslashes before it go, too.
    """
    return _COMMAND.sub("、", text)


def clauses(text: str) -> list[str]:
    """Split a message into its clauses at punctuation, line ends and spaces between Chinese words; never empty ones."""
    return [part for part in re.split(r"[，,。.;；!！?？\n\s:：]+", text) if part]
