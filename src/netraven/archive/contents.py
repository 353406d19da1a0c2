"""The content store: texts addressed by their hash, each sealed in full or as a delta.

A content may rest on another, its base; `depth` counts the frames below it. What rests on a
content must not change under it, so contents are locked before they are used, in the order of
their hashes: shared by who refers to them (here), exclusively by who removes them (`dropping`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from netraven.archive.codec import MAX_DEPTH, make_frame
from netraven.archive.reading import TextReader, open_contents
from netraven.db import insert_into, operation
from netraven.errors import Corrupt, KeyUnavailable
from netraven.models import Content


@dataclass(frozen=True, slots=True)
class Offer:
    """A text to keep, and the content that it resembles, on which it may rest."""

    address: str
    text: bytes
    base: str | None


@operation
def keep_texts(
    db: Session, offers: Collection[Offer], *, now: datetime
) -> dict[str, KeyUnavailable]:
    """Store each text once; return the addresses that could not be, with the reason.

    When it returns, all other texts are there and locked against removal until the transaction
    ends. A base that cannot be read for damage is left alone, and the text stored in full; one
    sealed with a missing key is a reason not to store: the ring may be the wrong one.
    """
    wanted = {offer.address: offer for offer in offers}
    bases = {offer.base for offer in wanted.values() if offer.base is not None}
    depths = _locked(db, wanted.keys() | bases)
    missing = [wanted[address] for address in sorted(wanted.keys() - depths.keys())]
    reader = open_contents(db, {offer.base for offer in missing if offer.base in depths})
    rows: dict[str, dict[str, object]] = {}
    failures: dict[str, KeyUnavailable] = {}
    for offer in missing:
        try:
            rows[offer.address] = _framed(db, offer, reader, now)
        except KeyUnavailable as error:
            failures[offer.address] = error
    _insert(db, rows)
    return failures


def _locked(db: Session, addresses: Collection[str]) -> dict[str, int]:
    """Lock these contents against removal; return the depths of those that are there."""
    rows = db.execute(
        select(Content.hash, Content.depth)
        .where(Content.hash.in_(addresses))
        .order_by(Content.hash)
        .with_for_update(read=True, key_share=True)
    )
    return {row[0]: row[1] for row in rows}


def _framed(db: Session, offer: Offer, reader: TextReader, now: datetime) -> dict[str, object]:
    base = _with_room(db, offer.base, reader)
    frame = make_frame(
        reader.keyring, offer.text, address=offer.address, base=_readable(base, reader)
    )
    rests_on = reader.frames[base] if base is not None and frame.is_delta else None
    return {
        "hash": offer.address,
        "size": len(offer.text),
        "base_hash": rests_on.address if rests_on else None,
        "depth": rests_on.depth + 1 if rests_on else 0,
        "data": frame.data,
        "created_at": now,
    }


def _with_room(db: Session, base: str | None, reader: TextReader) -> str | None:
    """Return the base or, where it lies too deep, the first below it that does not."""
    wanted = base
    while base is not None and base in reader.frames and reader.frames[base].depth >= MAX_DEPTH:
        base = reader.frames[base].base
    if base is None or base not in reader.frames:
        return None
    return base if base == wanted or _locked(db, [base]) else None


def _readable(base: str | None, reader: TextReader) -> bytes | None:
    try:
        return None if base is None else reader.text(base)
    except Corrupt:
        return None


def _insert(db: Session, rows: dict[str, dict[str, object]]) -> None:
    insertion = insert_into(db, Content).on_conflict_do_nothing().returning(Content.hash)
    while rows:
        in_order = [rows[address] for address in sorted(rows)]
        inserted = set(db.connection().scalars(insertion, in_order))
        # Others may have stored the same text meanwhile, and even have removed it again.
        rows = {address: row for address, row in rows.items() if address not in inserted}
        if rows:
            found = _locked(db, rows.keys())
            rows = {address: row for address, row in rows.items() if address not in found}
