"""Acceptance checks 1 to 3 of the data contract: what `netraven.crud` is."""

from __future__ import annotations

import asyncio
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from netraven import crud
from netraven.crud import get_devices
from tests.conftest import Database

ROOT = Path(__file__).parents[2]
PURE = {"calculate_next_run", "diff_texts", "hash_password", "verify_password"}
# The bold names of the contract's sections 5 and 7, by subject.
DEVICES = """
get_device get_devices count_devices create_device update_device update_device_backup_status
update_device_reachability delete_device
"""
BACKUPS = """
get_backup get_backups count_backups store_backup create_backup update_backup delete_backup
get_backup_content get_backup_content_bytes compare_backups
"""
USERS = """
get_user get_user_by_email get_user_by_username get_users count_users create_user update_user
change_password reset_password update_user_last_login record_failed_login delete_user
"""
SETTINGS = """
get_admin_setting get_admin_setting_by_key get_admin_settings count_admin_settings
get_admin_settings_by_category get_setting_value create_admin_setting upsert_admin_setting
update_admin_setting update_admin_setting_value delete_admin_setting reset_admin_settings
initialize_default_settings
"""
RUNS = """
get_job_logs count_job_logs get_job_log get_job_log_entries count_job_log_entries
get_job_log_with_entries get_job_log_with_details create_job_log start_job_log
acquire_device_lease renew_device_lease release_device_lease register_worker beat_worker
take_dead_workers bury_worker append_job_log_entries record_job_result get_job_results
count_job_results finish_job_log cancel_job_log get_job_log_statistics delete_job_log
delete_old_job_logs delete_job_logs_by_retention_policy
"""
SCHEDULES = """
get_scheduled_jobs count_scheduled_jobs get_scheduled_job get_scheduled_job_with_details
create_scheduled_job update_scheduled_job delete_scheduled_job toggle_scheduled_job
update_job_last_run get_due_jobs count_due_jobs enqueue_due_jobs run_scheduled_job_now
get_target_devices initialize_system_jobs
"""
TAGS = """
get_tags count_tags get_tag get_tag_by_name initialize_default_tag create_tag update_tag
delete_tag get_tags_for_device get_devices_for_tag count_devices_for_tag add_tag_to_device
remove_tag_from_device bulk_add_tags_to_devices bulk_remove_tags_from_devices
"""
RULES = """
get_tag_rules count_tag_rules get_tag_rule create_tag_rule update_tag_rule delete_tag_rule
apply_rule apply_rules_to_device test_rule
"""
CREDENTIALS = """
get_credentials count_credentials get_credential create_credential update_credential
delete_credential get_credentials_by_tag get_credentials_for_device
associate_credential_with_tag remove_credential_from_tag bulk_associate_credentials_with_tags
bulk_remove_credentials_from_tags reveal_credential update_credential_status
get_credential_stats optimize_credential_priorities verify_keyring rotate_keys
"""
AUDIT = """
record_audit_event get_audit_event get_audit_events count_audit_events verify_audit_chain
delete_old_audit_events
"""
RETENTION = """
apply_backup_retention verify_backups
"""
SUBJECTS = (
    *(DEVICES, BACKUPS, USERS, SETTINGS, RUNS, SCHEDULES),
    *(TAGS, RULES, CREDENTIALS, AUDIT, RETENTION),
)
CONTRACT = {
    *PURE,
    *" ".join(SUBJECTS).split(),
}


def test_acceptance_01_crud_holds_exactly_the_names_of_the_contract() -> None:
    assert set(crud.__all__) == CONTRACT
    assert all(callable(getattr(crud, name)) for name in crud.__all__)


@pytest.mark.parametrize("name", sorted(CONTRACT - PURE))
def test_acceptance_02_an_operation_is_one_plain_function_over_a_session(name: str) -> None:
    operation = getattr(crud, name)
    body = inspect.unwrap(operation)
    first = next(iter(inspect.signature(operation).parameters.values()))

    assert not name.endswith("_async")
    assert inspect.isfunction(body)
    assert not inspect.iscoroutinefunction(body)
    assert first.name == "db"
    assert first.annotation in {"Session", Session}
    assert inspect.getdoc(operation)


def test_acceptance_02_no_name_of_the_package_ends_in_async() -> None:
    definition = re.compile(r"^\s*(?:async )?def \w+_async\(", re.MULTILINE)

    guilty = [
        path.name
        for path in (ROOT / "src").rglob("*.py")
        if definition.search(path.read_text(encoding="utf-8"))
    ]

    assert guilty == []


@pytest.mark.long
def test_acceptance_03_mypy_accepts_the_right_calls_and_refuses_the_wrong() -> None:
    checked = _run("-m", "mypy", "--no-error-summary", "tests/typing/operations.py")

    assert checked.returncode == 0, checked.stdout


def test_acceptance_03_pyright_accepts_the_right_calls_and_refuses_the_wrong() -> None:
    checked = _run("-m", "pyright", "--pythonpath", sys.executable, "tests/typing")

    assert checked.returncode == 0, checked.stdout


def test_the_introduction_of_the_python_api_runs(
    sqlite_database: Database,
) -> None:
    page = (ROOT / "docs" / "python-api.md").read_text(encoding="utf-8")
    introduction = page.partition("## Rules that hold")[0]
    url, keyring = sqlite_database.url, sqlite_database.keyring
    known: dict[str, Any] = {"url": url, "keyring_text": keyring.to_text()}
    examples = re.findall(r"```python\n(.*?)```", introduction, re.DOTALL)

    for example in examples:
        exec(compile(example, "docs/python-api.md", "exec"), known)

    assert len(examples) == 3
    assert known["names"] == []
    assert asyncio.run(known["fleet_size"](sqlite_database.async_sessions)) == 1
    with sqlite_database.unit() as db:
        (device,) = get_devices(db)
    assert [tag.name for tag in device.tags] == ["default", "edge"]


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, check=False, capture_output=True, text=True
    )
