"""The tables, one noun a file."""

from netraven.models.access import (
    ApiToken,
    LoginSession,
    LoginThrottle,
    RecoveryCode,
    SecondFactor,
    SetupToken,
    UserIdentity,
)
from netraven.models.admin import AdminSetting, AuditEvent, AuditHead
from netraven.models.backup import Backup, BackupCounter, Content
from netraven.models.blackout import Blackout, ScheduleWait
from netraven.models.credential import Credential, CredentialTag, KeyCanary
from netraven.models.device import Device, HostKey
from netraven.models.history import BackupChange, History, HistoryPast
from netraven.models.job import (
    DeviceLease,
    JobLog,
    JobLogEntry,
    JobResult,
    JobShard,
    Worker,
)
from netraven.models.schedule import ScheduledJob, ScheduledJobDevice, ScheduledJobTag
from netraven.models.tag import DeviceTag, Tag, TagRule
from netraven.models.transcript import SealedTranscript
from netraven.models.user import User, UserTag

__all__ = [
    "AdminSetting",
    "ApiToken",
    "AuditEvent",
    "AuditHead",
    "Backup",
    "BackupChange",
    "BackupCounter",
    "Blackout",
    "Content",
    "Credential",
    "CredentialTag",
    "Device",
    "DeviceLease",
    "DeviceTag",
    "History",
    "HistoryPast",
    "HostKey",
    "JobLog",
    "JobLogEntry",
    "JobResult",
    "JobShard",
    "KeyCanary",
    "LoginSession",
    "LoginThrottle",
    "RecoveryCode",
    "ScheduleWait",
    "ScheduledJob",
    "ScheduledJobDevice",
    "ScheduledJobTag",
    "SealedTranscript",
    "SecondFactor",
    "SetupToken",
    "Tag",
    "TagRule",
    "User",
    "UserIdentity",
    "UserTag",
    "Worker",
]
