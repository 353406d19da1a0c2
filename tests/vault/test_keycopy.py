"""A copy of the key ring opens under its passphrase only, and unchanged only."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from netraven.errors import Invalid
from netraven.seal import KeyRing
from netraven.vault.keycopy import make_keyring_copy, open_keyring_copy

PASSPHRASE = "größer als zwölf"


@pytest.fixture(scope="module")
def ring() -> KeyRing:
    return KeyRing.generate().rotated()


@pytest.fixture(scope="module")
def copy(ring: KeyRing) -> str:
    return make_keyring_copy(ring, PASSPHRASE)


def test_a_copy_gives_the_whole_ring_back(ring: KeyRing, copy: str) -> None:
    assert open_keyring_copy(copy, PASSPHRASE).to_text() == ring.to_text()


def test_two_copies_have_nothing_in_common(ring: KeyRing, copy: str) -> None:
    other = json.loads(make_keyring_copy(ring, PASSPHRASE))
    one = json.loads(copy)

    assert all(one[field] != other[field] for field in ("salt", "nonce", "sealed"))


def _flipped(encoded: str) -> str:
    raw = bytearray(base64.b64decode(encoded))
    raw[-1] ^= 1
    return base64.b64encode(raw).decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("keys", ["v1-00000000"]),
        ("time_cost", 3),
        ("memory_kib", 64 * 1024),
        ("parallelism", 2),
        ("salt", _flipped),
        ("nonce", _flipped),
        ("sealed", _flipped),
    ],
)
def test_a_changed_copy_does_not_open(copy: str, field: str, value: Any) -> None:  # noqa: ANN401
    told = json.loads(copy)
    told[field] = value(told[field]) if callable(value) else value

    with pytest.raises(Invalid) as refused:
        open_keyring_copy(json.dumps(told), PASSPHRASE)

    assert refused.value.field == "passphrase"


@pytest.mark.parametrize("passphrase", ["", "Größer als zwölf", f"{PASSPHRASE} ", "\udc80" * 12])
def test_another_passphrase_does_not_open(copy: str, passphrase: str) -> None:
    with pytest.raises(Invalid, match="passphrase"):
        open_keyring_copy(copy, passphrase)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "another"},
        {"kdf": "scrypt"},
        {"memory_kib": 2 * 1024 * 1024},
        {"time_cost": 1000},
        {"parallelism": 0},
        {"salt": "short"},
        {"salt": "c2hvcnQ="},
        {"nonce": "c2hvcnQ="},
        {"sealed": "no base64!"},
        {"more": 1},
    ],
)
def test_what_nobody_wrote_is_not_tried(copy: str, change: dict[str, Any]) -> None:
    text = json.dumps(json.loads(copy) | change)

    with pytest.raises(Invalid) as refused:
        open_keyring_copy(text, PASSPHRASE)

    assert refused.value.field == "copy"


@pytest.mark.parametrize("text", ["", "[]", "1 active AAAA", "\0"])
def test_other_texts_are_no_copy(text: str) -> None:
    with pytest.raises(Invalid, match="copy"):
        open_keyring_copy(text, PASSPHRASE)


def test_a_short_passphrase_makes_no_copy(ring: KeyRing) -> None:
    with pytest.raises(Invalid, match="12 characters"):
        make_keyring_copy(ring, "eleven char")
