"""The server that a test run starts for itself is one, is apart, and is gone afterwards."""

from __future__ import annotations

import multiprocessing
import os
import time
from pathlib import Path

import pytest
from sqlalchemy import NullPool, make_url, text

from netraven.db import make_engine
from tests.postgres import shared_server, wheel

GONE_WITHIN_S = 60.0

pytestmark = pytest.mark.skipif(wheel() is None, reason="PostgreSQL's wheel is not installed")


def end_without_a_word(run: Path, arrived: str) -> None:
    with shared_server(run) as url:
        Path(arrived).write_text(url)
        os._exit(1)


def test_users_of_one_run_share_one_server_that_ends_with_the_last(tmp_path: Path) -> None:
    with shared_server(tmp_path) as first:
        with shared_server(tmp_path) as second:
            shared = first == second
        assert answers(first)

    assert shared
    assert is_gone(folder_of(first))


def test_run_may_start_a_server_again(tmp_path: Path) -> None:
    with shared_server(tmp_path) as first:
        pass

    with shared_server(tmp_path) as second:
        assert answers(second)

    assert is_gone(folder_of(first))
    assert is_gone(folder_of(second))


def test_server_lies_outside_the_folder_that_each_session_closes(
    postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = make_url(postgres_server).query.get("host")
    if not isinstance(folder, str) or not Path(folder).is_absolute():
        pytest.skip("the server is not this run's own")

    assert not Path(folder).is_relative_to(tmp_path_factory.getbasetemp().parents[0])


def test_server_ends_with_a_user_that_was_killed(tmp_path: Path) -> None:
    arrived = tmp_path / "arrived"
    user = multiprocessing.get_context("spawn").Process(
        target=end_without_a_word, args=(tmp_path, str(arrived))
    )
    user.start()
    user.join()

    assert is_gone(folder_of(arrived.read_text()))


def answers(url: str) -> bool:
    engine = make_engine(url, pool=NullPool)
    with engine.connect() as connection:
        return bool(connection.scalar(text("SELECT true")))


def folder_of(url: str) -> Path:
    return Path(str(make_url(url).query["host"]))


def is_gone(folder: Path) -> bool:
    deadline = time.monotonic() + GONE_WITHIN_S
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return not folder.exists()
