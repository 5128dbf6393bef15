"""Signatures and message encryption of an official account, without I/O.

Source: developers.weixin.qq.com, pages 「消息推送 / 消息加解密说明」(guide/dev/push/encryption) and 「消息推送」(message-push):
signature = sha1 of the sorted, joined parts; AES-256-CBC, key = base64(EncodingAESKey + "="), IV = key[:16], PKCS#7 to
32 bytes; plaintext = 16 random bytes + 4 bytes length (big-endian) + message + appid. The FAQ there asks to keep the
previous EncodingAESKey too, and to answer with the key that fitted.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.channels.wechat.errors import ForgedError
from bot.errors import SettingsError

BLOCK = 32
RANDOM_BYTES = 16
_ENCODING_AES_KEY = re.compile(r"[A-Za-z0-9]{43}")


def signature(*parts: str) -> str:
    """Return the hex SHA-1 of the sorted parts: token, timestamp, nonce and, for `msg_signature`, the ciphertext."""
    return hashlib.sha1("".join(sorted(parts)).encode("utf-8", "surrogatepass")).hexdigest()


def same(expected: str, given: str) -> bool:
    """Compare two signatures in constant time; `given` may hold any characters."""
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogatepass"))


def _random_text(length: int) -> bytes:
    """Return `length` random ASCII letters and digits; the official samples use such, never raw bytes."""
    return secrets.token_hex(length).encode()[:length]


@dataclass(frozen=True)
class MessageCrypto:
    """One account's keys. aes_keys: the EncodingAESKeys, current first, then the previous one.

    random: returns that many random bytes; only tests replace it.
    """

    token: str = field(repr=False)
    appid: str
    aes_keys: tuple[str, ...] = field(default=(), repr=False)
    random: Callable[[int], bytes] = field(default=_random_text, repr=False)

    def __post_init__(self) -> None:
        for key in self.aes_keys:
            if not _ENCODING_AES_KEY.fullmatch(key):
                raise SettingsError("an EncodingAESKey must have exactly 43 letters and digits, as the console shows it")

    def check_plain(self, given: str, timestamp: str, nonce: str) -> None:
        """Check `signature`, of the URL check and of plain pushes. Raises ForgedError."""
        if not same(signature(self.token, timestamp, nonce), given):
            raise ForgedError("signature does not match the account's token")

    def check_encrypted(self, given: str, timestamp: str, nonce: str, encrypted: str) -> None:
        """Check `msg_signature`, which covers the ciphertext. Raises ForgedError."""
        if not same(signature(self.token, timestamp, nonce, encrypted), given):
            raise ForgedError("msg_signature does not match the account's token")

    def decrypt(self, encrypted: str) -> tuple[str, str]:
        """Return (message, the EncodingAESKey that fitted). Raises ForgedError if no key fits or the appid is another's."""
        try:
            data = base64.b64decode(encrypted.encode("ascii"), validate=True)
        except (binascii.Error, UnicodeEncodeError) as error:
            raise ForgedError("Encrypt is not base64") from error
        if not data or len(data) % BLOCK:
            raise ForgedError(f"Encrypt must hold a multiple of {BLOCK} bytes")
        foreign = False
        for key in self.aes_keys:
            opened = _open(_plain(key, data))
            if opened and hmac.compare_digest(opened[1].encode(), self.appid.encode()):
                return opened[0], key
            foreign = foreign or opened is not None
        raise ForgedError("the message is for another appid" if foreign else "no EncodingAESKey of the account fits")

    def encrypt(self, message: str, aes_key: str | None = None) -> str:
        """Return `message` encrypted in base64, with `aes_key` or else the current key."""
        key = _key_bytes(aes_key or self.aes_keys[0])
        body = message.encode("utf-8")
        plain = self.random(RANDOM_BYTES) + len(body).to_bytes(4, "big") + body + self.appid.encode()
        padding = BLOCK - len(plain) % BLOCK
        encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
        sealed = encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()
        return base64.b64encode(sealed).decode("ascii")


def _key_bytes(aes_key: str) -> bytes:
    return base64.b64decode(aes_key + "=")


def _plain(aes_key: str, data: bytes) -> bytes:
    key = _key_bytes(aes_key)
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    return decryptor.update(data) + decryptor.finalize()


def _open(plain: bytes) -> tuple[str, str] | None:
    """Return (message, appid) of a decrypted block, None if padding, length or text show that the key was wrong."""
    padding = plain[-1]
    if not 1 <= padding <= BLOCK or plain[-padding:] != bytes([padding]) * padding:
        return None
    content = plain[RANDOM_BYTES:-padding]
    length = int.from_bytes(content[:4], "big")
    if len(content) < 4 or length > len(content) - 4:
        return None
    try:
        return content[4 : 4 + length].decode("utf-8"), content[4 + length :].decode("utf-8")
    except UnicodeDecodeError:
        return None
