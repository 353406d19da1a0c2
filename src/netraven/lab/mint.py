"""Secrets in the forms devices write them in, each one remembered.

Hashes and ciphertexts have the right alphabet and length but are drawn from a digest, not
computed by the vendor's scheme; only Cisco's type 7 is the real encoding (it is no secret).
"""

from __future__ import annotations

import hashlib

_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_CRYPT = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_HEX = "0123456789abcdef"
_WORD = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_TYPE_7_PAD = b"dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fd87"


def draw_word(length: int, *seed: object) -> str:
    """Return `length` letters and digits that follow from the seed alone."""
    return _draw(_WORD, length, *seed)


def draw_number(below: int, *seed: object) -> int:
    """Return a number from 0 to `below` - 1 that follows from the seed alone."""
    return int.from_bytes(_digest(*seed)[:8], "big") % below


class Mint:
    """Writes secrets as one configuration shows them; `.secrets` lists all written so far."""

    def __init__(self) -> None:
        self._written: dict[str, None] = {}

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret as it stands in the text, in order of first use."""
        return tuple(self._written)

    def clear(self, secret: str) -> str:
        """Return the secret itself."""
        return self._note(secret)

    def type7(self, secret: str) -> str:
        """Return Cisco's reversible type 7 form: two digits of offset, then hexadecimal."""
        offset = draw_number(16, "type7", secret)
        pad = _TYPE_7_PAD[offset:] + _TYPE_7_PAD * (len(secret) // len(_TYPE_7_PAD) + 1)
        masked = bytes(a ^ b for a, b in zip(secret.encode(), pad, strict=False))
        return self._note(f"{offset:02d}{masked.hex().upper()}")

    def type5(self, secret: str) -> str:
        """Return the shape of an MD5 crypt hash (IOS type 5)."""
        return self._crypt("$1$", 4, 22, secret)

    def type9(self, secret: str) -> str:
        """Return the shape of a scrypt hash (IOS type 9)."""
        return self._crypt("$9$", 14, 43, secret)

    def sha512(self, secret: str) -> str:
        """Return the shape of a SHA-512 crypt hash (EOS, Junos, Linux)."""
        return self._crypt("$6$", 16, 86, secret)

    def yescrypt(self, secret: str) -> str:
        """Return the shape of Debian's default password hash."""
        return self._crypt("$y$j9T$", 22, 43, secret)

    def pbkdf2(self, secret: str) -> str:
        """Return the shape of an ASA password hash, without the word `pbkdf2` behind it."""
        salt, key = (_draw(_BASE64, 22, part, secret) for part in ("salt", "key"))
        return self._note(f"$sha512$5000${salt}==${key}==")

    def junos(self, secret: str) -> str:
        """Return the shape of Junos' reversible `$9$` form."""
        return self._note("$9$" + _draw(_CRYPT, 28 + 2 * len(secret), "junos", secret))

    def aoscx(self, secret: str) -> str:
        """Return the shape of an AOS-CX ciphertext, which carries its length in front."""
        return self._note("AQBap" + _draw(_BASE64, 86, "aoscx", secret) + "=")

    def base64(self, secret: str) -> str:
        """Return 32 bytes in Base64: a WireGuard key."""
        return self._note(_draw(_BASE64, 42, "base64", secret) + "0=")

    def hex(self, secret: str, digits: int) -> str:
        """Return a localised key of so many hexadecimal digits."""
        return self._note(_draw(_HEX, digits, "hex", secret))

    def _crypt(self, prefix: str, salt: int, key: int, secret: str) -> str:
        parts = _draw(_CRYPT, salt, prefix, "salt", secret), _draw(_CRYPT, key, prefix, secret)
        return self._note(prefix + "$".join(parts))

    def _note(self, text: str) -> str:
        self._written[text] = None
        return text


def _draw(alphabet: str, length: int, *seed: object) -> str:
    stream = b""
    while len(stream) < length:
        stream += _digest(len(stream), *seed)
    return "".join(alphabet[byte % len(alphabet)] for byte in stream[:length])


def _digest(*seed: object) -> bytes:
    return hashlib.sha256("/".join(map(str, seed)).encode()).digest()
