"""Opening contents: from the sealed frames of a chain to the exact, verified bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping
from typing import NamedTuple

from sqlalchemy import BindParameter, Select, bindparam, select
from sqlalchemy.orm import Session

from netraven.archive.codec import MAX_DEPTH, check_text, corrupt_content, open_frame
from netraven.db import KeyRing, get_keyring, operation
from netraven.db.chunks import in_chunks
from netraven.db.engine import SEND_AS_BYTES
from netraven.errors import KeyUnavailable
from netraven.models import Content


class StoredFrame(NamedTuple):
    """One row of `contents`."""

    address: str
    size: int
    base: str | None
    depth: int
    data: bytes


class TextReader:
    """Opens contents whose frames, and those below them, were loaded."""

    def __init__(self, keyring: KeyRing, frames: Mapping[str, StoredFrame]) -> None:
        self.frames = frames
        self.keyring = keyring
        self._opened: OrderedDict[str, bytes] = OrderedDict()
        self._opened_bytes = 0

    def text(self, address: str) -> bytes:
        """Return exactly the bytes of this address; raises Corrupt or KeyUnavailable."""
        steps: list[StoredFrame] = []
        below: str | None = address
        while below is not None and below not in self._opened:
            frame = self.frames.get(below)
            if frame is None or len(steps) > MAX_DEPTH:
                raise corrupt_content(address)
            steps.append(frame)
            below = frame.base
        text = None if below is None else self._opened[below]
        for frame in reversed(steps):
            text = self._open(frame, text)
        if text is None:
            raise corrupt_content(address)
        return check_text(text, address=address, size=self.frames[address].size)

    def check_depth(self, address: str) -> None:
        """Raise Corrupt where a content does not say how many frames lie below it."""
        links = 0
        below = self.frames[address].base
        while below is not None and below in self.frames and links <= MAX_DEPTH:
            links += 1
            below = self.frames[below].base
        if below is not None or links != self.frames[address].depth:
            raise corrupt_content(address)

    def _open(self, frame: StoredFrame, base: bytes | None) -> bytes:
        text = open_frame(
            self.keyring, frame.data, address=frame.address, base=base, size=frame.size
        )
        self._opened[frame.address] = text
        self._opened_bytes += len(text)
        # Neighbouring versions share most of their chain; large texts must not pile up for it.
        while self._opened_bytes > _KEPT_OPEN_BYTES and len(self._opened) > 1:
            _, forgotten = self._opened.popitem(last=False)
            self._opened_bytes -= len(forgotten)
        return text


@operation
def open_contents(db: Session, addresses: Collection[str]) -> TextReader:
    """Return a reader of these contents, loaded with all frames below them.

    Raises KeyUnavailable where the session has no key ring.
    """
    keyring = _required_keyring(db)
    columns = (Content.hash, Content.size, Content.base_hash, Content.depth, Content.data)
    chain = {
        one for chunk in in_chunks(addresses) for one in db.scalars(_CHAIN, {"addresses": chunk})
    }
    frames = (
        StoredFrame(*row)
        for chunk in in_chunks(chain)
        for row in db.execute(
            select(*columns).where(Content.hash.in_(chunk)).execution_options(**SEND_AS_BYTES)
        )
    )
    return TextReader(keyring, {frame.address: frame for frame in frames})


_KEPT_OPEN_BYTES = 32 * 1024 * 1024


def _chain_of(addresses: BindParameter[str]) -> Select[str]:
    """Return the addresses of these contents and of all below them."""
    chain = (
        select(Content.hash, Content.base_hash)
        .where(Content.hash.in_(addresses))
        .cte("chain", recursive=True)
    )
    # A subquery for each row, where a join would lead PostgreSQL to read the whole table.
    below = select(Content.base_hash).where(Content.hash == chain.c.base_hash).scalar_subquery()
    chain = chain.union(select(chain.c.base_hash, below).where(chain.c.base_hash.is_not(None)))
    return select(chain.c.hash)


# Building it takes longer than running it.
_CHAIN = _chain_of(bindparam("addresses", expanding=True))


def _required_keyring(db: Session) -> KeyRing:
    keyring = get_keyring(db)
    if keyring is None:
        raise KeyUnavailable("ring", "there is no key ring; nothing sealed can be read or stored")
    return keyring
