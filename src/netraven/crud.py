"""The operations of NetRaven, for programs: each runs on a Session, or awaited on an AsyncSession.

Only names stand here, no logic; `docs/python-api.md` lists them with their rules.
"""

from __future__ import annotations

from netraven.admin.audit import record_audit_event
from netraven.admin.audit_chain import verify_audit_chain
from netraven.admin.audit_log import (
    count_audit_events,
    delete_old_audit_events,
    get_audit_event,
    get_audit_events,
)
from netraven.admin.passwords import hash_password, verify_password
from netraven.admin.settings import (
    count_admin_settings,
    create_admin_setting,
    delete_admin_setting,
    get_admin_setting,
    get_admin_setting_by_key,
    get_admin_settings,
    get_admin_settings_by_category,
    get_setting_value,
    initialize_default_settings,
    reset_admin_settings,
    update_admin_setting,
    update_admin_setting_value,
    upsert_admin_setting,
)
from netraven.admin.users import (
    change_password,
    count_users,
    create_user,
    delete_user,
    get_user,
    get_user_by_email,
    get_user_by_username,
    get_users,
    record_failed_login,
    reset_password,
    update_user,
    update_user_last_login,
)
from netraven.archive.backups import (
    compare_backups,
    count_backups,
    delete_backup,
    get_backup,
    get_backup_content,
    get_backup_content_bytes,
    get_backups,
    update_backup,
)
from netraven.archive.devices import delete_device
from netraven.archive.diff import diff_texts
from netraven.archive.retention import apply_backup_retention
from netraven.archive.storing import create_backup, store_backup
from netraven.archive.verify import verify_backups
from netraven.inventory.devices import (
    count_devices,
    create_device,
    get_device,
    get_devices,
    update_device,
    update_device_backup_status,
    update_device_reachability,
)
from netraven.inventory.rule_links import apply_rules_to_device
from netraven.inventory.tag_rules import (
    apply_rule,
    count_tag_rules,
    create_tag_rule,
    delete_tag_rule,
    get_tag_rule,
    get_tag_rules,
    test_rule,
    update_tag_rule,
)
from netraven.inventory.tags import (
    add_tag_to_device,
    bulk_add_tags_to_devices,
    bulk_remove_tags_from_devices,
    count_devices_for_tag,
    count_tags,
    create_tag,
    delete_tag,
    get_devices_for_tag,
    get_tag,
    get_tag_by_name,
    get_tags,
    get_tags_for_device,
    initialize_default_tag,
    remove_tag_from_device,
    update_tag,
)
from netraven.jobs.due import count_due_jobs, enqueue_due_jobs, get_due_jobs, run_scheduled_job_now
from netraven.jobs.entries import (
    append_job_log_entries,
    count_job_log_entries,
    get_job_log_entries,
    get_job_log_with_entries,
)
from netraven.jobs.firing import update_job_last_run
from netraven.jobs.leases import acquire_device_lease, release_device_lease, renew_device_lease
from netraven.jobs.listing import count_job_logs, get_job_log, get_job_logs
from netraven.jobs.removal import (
    delete_job_log,
    delete_job_logs_by_retention_policy,
    delete_old_job_logs,
)
from netraven.jobs.results import count_job_results, get_job_results, record_job_result
from netraven.jobs.runs import cancel_job_log, create_job_log, finish_job_log, start_job_log
from netraven.jobs.schedule_listing import (
    count_scheduled_jobs,
    get_scheduled_job,
    get_scheduled_job_with_details,
    get_scheduled_jobs,
)
from netraven.jobs.schedules import (
    create_scheduled_job,
    delete_scheduled_job,
    toggle_scheduled_job,
    update_scheduled_job,
)
from netraven.jobs.summaries import get_job_log_statistics, get_job_log_with_details
from netraven.jobs.system_jobs import initialize_system_jobs
from netraven.jobs.targets import get_target_devices
from netraven.jobs.workers import beat_worker, bury_worker, register_worker, take_dead_workers
from netraven.nextrun import calculate_next_run
from netraven.vault.credentials import (
    count_credentials,
    create_credential,
    delete_credential,
    get_credential,
    get_credentials,
    get_credentials_for_device,
    update_credential,
)
from netraven.vault.keyring import verify_keyring
from netraven.vault.links import (
    associate_credential_with_tag,
    bulk_associate_credentials_with_tags,
    bulk_remove_credentials_from_tags,
    get_credentials_by_tag,
    remove_credential_from_tag,
)
from netraven.vault.outcomes import update_credential_status
from netraven.vault.rotation import rotate_keys
from netraven.vault.secrets import reveal_credential
from netraven.vault.standing import get_credential_stats, optimize_credential_priorities

__all__ = [
    "acquire_device_lease",
    "add_tag_to_device",
    "append_job_log_entries",
    "apply_backup_retention",
    "apply_rule",
    "apply_rules_to_device",
    "associate_credential_with_tag",
    "beat_worker",
    "bulk_add_tags_to_devices",
    "bulk_associate_credentials_with_tags",
    "bulk_remove_credentials_from_tags",
    "bulk_remove_tags_from_devices",
    "bury_worker",
    "calculate_next_run",
    "cancel_job_log",
    "change_password",
    "compare_backups",
    "count_admin_settings",
    "count_audit_events",
    "count_backups",
    "count_credentials",
    "count_devices",
    "count_devices_for_tag",
    "count_due_jobs",
    "count_job_log_entries",
    "count_job_logs",
    "count_job_results",
    "count_scheduled_jobs",
    "count_tag_rules",
    "count_tags",
    "count_users",
    "create_admin_setting",
    "create_backup",
    "create_credential",
    "create_device",
    "create_job_log",
    "create_scheduled_job",
    "create_tag",
    "create_tag_rule",
    "create_user",
    "delete_admin_setting",
    "delete_backup",
    "delete_credential",
    "delete_device",
    "delete_job_log",
    "delete_job_logs_by_retention_policy",
    "delete_old_audit_events",
    "delete_old_job_logs",
    "delete_scheduled_job",
    "delete_tag",
    "delete_tag_rule",
    "delete_user",
    "diff_texts",
    "enqueue_due_jobs",
    "finish_job_log",
    "get_admin_setting",
    "get_admin_setting_by_key",
    "get_admin_settings",
    "get_admin_settings_by_category",
    "get_audit_event",
    "get_audit_events",
    "get_backup",
    "get_backup_content",
    "get_backup_content_bytes",
    "get_backups",
    "get_credential",
    "get_credential_stats",
    "get_credentials",
    "get_credentials_by_tag",
    "get_credentials_for_device",
    "get_device",
    "get_devices",
    "get_devices_for_tag",
    "get_due_jobs",
    "get_job_log",
    "get_job_log_entries",
    "get_job_log_statistics",
    "get_job_log_with_details",
    "get_job_log_with_entries",
    "get_job_logs",
    "get_job_results",
    "get_scheduled_job",
    "get_scheduled_job_with_details",
    "get_scheduled_jobs",
    "get_setting_value",
    "get_tag",
    "get_tag_by_name",
    "get_tag_rule",
    "get_tag_rules",
    "get_tags",
    "get_tags_for_device",
    "get_target_devices",
    "get_user",
    "get_user_by_email",
    "get_user_by_username",
    "get_users",
    "hash_password",
    "initialize_default_settings",
    "initialize_default_tag",
    "initialize_system_jobs",
    "optimize_credential_priorities",
    "record_audit_event",
    "record_failed_login",
    "record_job_result",
    "register_worker",
    "release_device_lease",
    "remove_credential_from_tag",
    "remove_tag_from_device",
    "renew_device_lease",
    "reset_admin_settings",
    "reset_password",
    "reveal_credential",
    "rotate_keys",
    "run_scheduled_job_now",
    "start_job_log",
    "store_backup",
    "take_dead_workers",
    "test_rule",
    "toggle_scheduled_job",
    "update_admin_setting",
    "update_admin_setting_value",
    "update_backup",
    "update_credential",
    "update_credential_status",
    "update_device",
    "update_device_backup_status",
    "update_device_reachability",
    "update_job_last_run",
    "update_scheduled_job",
    "update_tag",
    "update_tag_rule",
    "update_user",
    "update_user_last_login",
    "upsert_admin_setting",
    "verify_audit_chain",
    "verify_backups",
    "verify_keyring",
    "verify_password",
]
