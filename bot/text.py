"""Pure text functions: fold what must not decide, mask personal numbers, neutralise framework commands.

Nothing here does I/O or knows of Rasa; every channel calls `clean` before a message goes anywhere else.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import opencc

MASK = "〔号码已隐去〕"
_TRADITIONAL = opencc.OpenCC("t2s")
_CHINESE_DIGITS = str.maketrans("〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖两", "0012345678911234567892")
_SEPARATOR = r"[\s\-_.·—–,，、]?"
_DIGIT = r"[0-9〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖]"
# A run of digits as people type them: full width is folded before; single separators and Chinese digits are kept in.
_NUMBER_RUN = re.compile(rf"(?<![0-9A-Za-z])\+?{_DIGIT}(?:{_SEPARATOR}{_DIGIT}){{6,22}}(?:{_SEPARATOR}[Xx])?(?![0-9A-Za-z])")
_EMAIL = re.compile(r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+")
_PASSPORT = re.compile(r"(?<![0-9A-Za-z])(?:[EGDSPHM][A-Z]?|1[45])[0-9]{7,9}(?![0-9A-Za-z])", re.IGNORECASE)
_CREDIT_CODE = re.compile(r"(?<![0-9A-Za-z])(?=[0-9A-Z]*[A-Z])[1-9A-GY][1239][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}(?![0-9A-Za-z])")
_PLATE = re.compile(r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][·\s]?[A-Z0-9]{5,6}(?![0-9A-Za-z])")
_SOCIAL_CARD = re.compile(r"(?<![0-9A-Za-z])[A-Z][0-9]{8}[0-9A-Z]?(?![0-9A-Za-z])")
_PUBLIC = re.compile(r"^(?:022)?(?:12345|63856609|65260379)$")
_ZERO_WIDTH = re.compile("[\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def fold(text: str) -> str:
    """Return `text` with width folded (NFKC), zero-width and control characters removed, white space squeezed."""
    return re.sub(r"\s+", " ", _ZERO_WIDTH.sub("", unicodedata.normalize("NFKC", text))).strip()


@lru_cache(maxsize=4096)
def simplify(text: str) -> str:
    """Return `text` folded, lower-cased and with traditional characters made simplified (OpenCC t2s)."""
    return _TRADITIONAL.convert(fold(text)).lower()


@lru_cache(maxsize=8192)
def squash(text: str) -> str:
    """Return only what carries meaning: simplified letters, digits and Chinese characters, nothing between them."""
    return re.sub(r"[^\w]+|_", "", simplify(text))


def id_number_is_valid(number: str) -> bool:
    """Tell whether an 18-character resident identity number has the right check digit (GB 11643-1999, ISO 7064)."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    if not re.fullmatch(r"[0-9]{17}[0-9Xx]", number):
        return False
    return "10X98765432"[sum(w * int(d) for w, d in zip(weights, number)) % 11] == number[-1].upper()


def _is_personal(run: str) -> bool:
    digits = re.sub(r"[^0-9Xx]", "", run.translate(_CHINESE_DIGITS))
    if _PUBLIC.match(digits) or len(digits) < 7:
        return False
    if re.fullmatch(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])", digits):  # a date
        return False
    if re.fullmatch(r"(?:86)?1[3-9][0-9]{9}", digits):  # mobile
        return True
    if re.fullmatch(r"0[1-9][0-9]{8,10}", digits) or re.fullmatch(r"[2-8][0-9]{6,7}", digits):  # landline
        return True
    return len(digits) >= 12  # identity (15, 18), bank card (16-19), social security and other long numbers


def _mask_run(run: str) -> str:
    """Mask a run as one number, or, where white space may stand between two numbers, each of them by itself."""
    if " " in run:
        digits = re.sub(r"[^0-9]", "", run.translate(_CHINESE_DIGITS))
        if len(digits) not in (11, 15, 16, 17, 18, 19):
            return " ".join(MASK if _is_personal(part) else part for part in run.split(" "))
    return MASK if _is_personal(run) else run


def mask(text: str) -> str:
    """Return `text` with personal numbers replaced by `MASK`.

    Covers identity cards (15 and 18 digits, also with a wrong check digit), mobile and landline numbers, bank cards,
    passports, unified credit codes, e-mail addresses, number plates; full-width, spaced, dashed and Chinese-digit forms.
    The catalog's own numbers and 12345 stay.
    """
    text = fold(text)
    for pattern in (_EMAIL, _CREDIT_CODE, _PASSPORT, _PLATE):
        text = pattern.sub(MASK, text)
    text = _NUMBER_RUN.sub(lambda found: _mask_run(found.group()), text)
    return _SOCIAL_CARD.sub(MASK, text)


def clean(message: str) -> str:
    """Make a resident's message safe to go on: folded, personal numbers masked, a leading slash neutralised.

    Rasa reads a text that begins with "/" (also after white space) as an intent with slots; folding also turns the
    full-width slash into one. It becomes "、".
    """
    text = mask(message)
    return re.sub(r"^[\s/\\]*/", "、", text) if text.lstrip().startswith("/") else text


def clauses(text: str) -> list[str]:
    """Split a message into its clauses at punctuation, line ends and spaces between Chinese words; never empty ones."""
    return [part for part in re.split(r"[，,。.;；!！?？\n\s:：]+", text) if part]
