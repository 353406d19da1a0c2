"""Host keys that follow from a seed, so that a device shows the same one in every process.

They protect nothing: whoever knows the seed has them.
"""

from __future__ import annotations

import random
from functools import lru_cache
from hashlib import sha256

import asyncssh
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

_RSA_BITS = 2048
_EXPONENT = 65537
_SMALL_PRIMES = tuple(
    number for number in range(3, 2000, 2) if all(number % d for d in range(3, 45, 2) if d < number)
)
_ROUNDS = 8


@lru_cache(maxsize=256)
def draw_host_key(seed: str) -> asyncssh.SSHKey:
    """Return the Ed25519 key of a seed."""
    key = ed25519.Ed25519PrivateKey.from_private_bytes(sha256(seed.encode()).digest())
    return asyncssh.import_private_key(
        key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    )


@lru_cache(maxsize=16)
def draw_legacy_host_key(seed: str) -> asyncssh.SSHKey:
    """Return the RSA key of a seed, of 2048 bits; takes some 0.4 s the first time."""
    dice = random.Random(seed)
    p, q = _draw_prime(dice), _draw_prime(dice)
    d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=d % (p - 1),
        dmq1=d % (q - 1),
        iqmp=pow(q, -1, p),
        public_numbers=rsa.RSAPublicNumbers(_EXPONENT, p * q),
    )
    pem = numbers.private_key().private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
    return asyncssh.import_private_key(pem)


def _draw_prime(dice: random.Random) -> int:
    bits = _RSA_BITS // 2
    while True:
        # The two highest bits make the product as long as it should be.
        number = dice.getrandbits(bits) | (0b11 << (bits - 2)) | 1
        if all(number % prime for prime in _SMALL_PRIMES) and _is_prime(number, dice):
            return number


def _is_prime(number: int, dice: random.Random) -> bool:
    """Tell by Miller and Rabin's test; wrong once in 4 ** 8 for the worst numbers."""
    odd = number - 1
    twos = (odd & -odd).bit_length() - 1
    odd >>= twos
    return all(_passes(number, dice.randrange(2, number - 1), odd, twos) for _ in range(_ROUNDS))


def _passes(number: int, base: int, odd: int, twos: int) -> bool:
    power = pow(base, odd, number)
    if power in (1, number - 1):
        return True
    for _ in range(twos - 1):
        power = power * power % number
        if power == number - 1:
            return True
    return False
