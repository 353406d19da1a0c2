"""One process runs the jobs of a SQLite home, and everybody can see which."""

from __future__ import annotations

from pathlib import Path

import pytest

from netraven.errors import InUse, StorageFailed
from netraven.worker.lock import held, holder


def test_holder_is_named_and_keeps_others_out(tmp_path: Path) -> None:
    with held(tmp_path, by="a server"):
        named = holder(tmp_path)
        with (
            pytest.raises(InUse, match=r"a server .* already runs the jobs"),
            held(tmp_path, by="b"),
        ):
            pass

    assert named is not None
    assert named.startswith("a server (process ")
    assert holder(tmp_path) is None


def test_lock_can_be_had_again_by_whoever_comes_next(tmp_path: Path) -> None:
    for name in ("a long name of somebody", "b"):
        with held(tmp_path, by=name):
            assert (holder(tmp_path) or "").startswith(f"{name} (")


def test_home_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match="cannot be opened"), held(tmp_path / "no", by="a"):
        pass

    assert holder(tmp_path / "no") is None
