"""The soaking, alive at a small size: `make soak` is the same for an hour."""

from __future__ import annotations

import pytest

from tests.failures.soak import soaking


@pytest.mark.long
def test_versions_are_exactly_those_of_the_devices_after_a_death() -> None:
    with soaking(60, 7, "--concurrency", "10") as soak:
        soak.trouble_at_s = float("inf")
        soak.one_round(lambda: 0.0)
        soak.change_devices()
        run_id = soak.here.write_down()
        soak.here.await_middle(run_id)
        for collector in soak.workers[0].collectors():
            collector.kill()
        soak.here.await_end(run_id)
        soak.check(run_id)

    assert sum(soak.versions.values()) > len(soak.versions)
