"""Queues as people name them."""

from __future__ import annotations

import pytest

from netraven.worker.options import ALL_QUEUES, WorkerOptions, parsed_queues


@pytest.mark.parametrize(
    ("text", "queues"),
    [
        (None, ALL_QUEUES),
        ("sweep", ("sweep",)),
        (" sweep , interactive,sweep", ("sweep", "interactive")),
        ("site:berlin,site:köln", ("site:berlin", "site:köln")),
    ],
)
def test_queues_are_read_as_they_are_meant(text: str | None, queues: tuple[str, ...]) -> None:
    assert parsed_queues(text) == queues


@pytest.mark.parametrize("text", ["", " , ", "fast", "site:", "sites:berlin"])
def test_what_is_no_queue_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="queue"):
        parsed_queues(text)


def test_who_sweeps_takes_the_platforms_that_it_has() -> None:
    assert WorkerOptions().knowing(["acme"]).queues == (*ALL_QUEUES, "platform:acme")
    assert WorkerOptions(queues=("site:berlin",)).knowing(["acme"]).queues == ("site:berlin",)


def test_each_queue_has_its_number_of_shards_at_a_time() -> None:
    options = WorkerOptions(queues=("interactive", "sweep", "site:berlin"))

    assert options.shards_at_once == {"interactive": 4, "sweep": 4, "site:berlin": 2}
