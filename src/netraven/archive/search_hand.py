"""A process that looks at weaves for another one: `python -P -m netraven.archive.search_hand FD`.

It reads what to do from a socket that it got, key ring included, and ends with it. It knows no
database, no settings and no files.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from multiprocessing.connection import Connection

from netraven.archive.search_look import look
from netraven.errors import NetRavenError
from netraven.seal import KeyRing


def serve(channel: Connection) -> None:
    """Do what is asked over the channel until its other end has gone."""
    while True:
        try:
            ring_text, scan, sought = channel.recv()
        except (EOFError, OSError):
            return
        try:
            found = look(_ring(ring_text), scan, sought)
        except NetRavenError:
            # Whoever asks does it again by itself, and says why it fails.
            found = None
        try:
            channel.send(found)
        except OSError:
            return


@lru_cache(maxsize=2)
def _ring(text: str) -> KeyRing:
    return KeyRing.from_text(text)


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
