"""Processes that tick at the same time fire each due time once."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

from tests.conftest import Database
from tests.planner import NINE, Planner

ROOT = Path(__file__).parents[2]
SCHEDULES = 15
HOURS = 3


def test_three_processes_make_one_run_of_each_occurrence_though_one_dies_and_rows_are_edited(
    sync_database: Database,
) -> None:
    planner = Planner(sync_database)
    ids = [
        planner.add(schedule_type="cron", cron="0 * * * *", job_type="verify", overlap="queue")
        for _ in range(SCHEDULES)
    ]
    start = NINE + timedelta(hours=1)
    command = [sys.executable, "-m", "tests.ticker", sync_database.url, start.isoformat()]

    tickers = [
        subprocess.Popen([*command, str(HOURS)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    while not planner.runs():
        assert any(ticker.poll() is None for ticker in tickers)
    tickers[0].kill()
    for job_id in ids:
        planner.update(job_id, name="renamed meanwhile")
    told = [ticker.communicate(timeout=120)[0].split() for ticker in tickers]

    assert [ticker.returncode for ticker in tickers[1:]] == [0, 0]
    runs = planner.runs()
    fired = Counter((run.scheduled_job_id, run.scheduled_for) for run in runs)
    due = {(job_id, start + timedelta(hours=hour)) for job_id in ids for hour in range(HOURS)}
    assert set(fired) == due
    assert set(fired.values()) == {1}
    assert Counter(run_id for part in told for run_id in part) <= Counter(str(r.id) for r in runs)
    assert {planner.read(job_id).missed_runs for job_id in ids} == {0}
