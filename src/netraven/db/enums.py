"""States and kinds that tables and schemas share."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a user may do."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


class LoginKind(StrEnum):
    """What keeps a login: a browser's cookie, or a client's refresh tokens."""

    BROWSER = "browser"
    CLIENT = "client"


class IdentityKind(StrEnum):
    """Who besides NetRaven itself proves who a user is."""

    OIDC = "oidc"
    LDAP = "ldap"


class Protocol(StrEnum):
    """How a device is reached."""

    SSH = "ssh"
    TELNET = "telnet"


class HostKeyPolicy(StrEnum):
    """What an unknown or changed host key means."""

    TOFU = "tofu"
    PINNED = "pinned"
    IGNORE = "ignore"


class HostKeyState(StrEnum):
    """Whether a device's host key is believed."""

    TRUSTED = "trusted"
    OFFERED = "offered"
    REPLACED = "replaced"


class LinkSource(StrEnum):
    """Why a device carries a tag."""

    DEFAULT = "default"
    MANUAL = "manual"
    RULE = "rule"


class BackupStatus(StrEnum):
    """What became of a capture."""

    COMPLETED = "completed"
    FAILED = "failed"
    QUARANTINED = "quarantined"


class Grade(StrEnum):
    """How well a capture is proven: A with, B without positive proof, C doubtful, F failed."""

    A = "A"
    B = "B"
    C = "C"
    F = "F"


class JobType(StrEnum):
    """What a run does."""

    BACKUP = "backup"
    REACHABILITY = "reachability"
    RETENTION = "retention"
    COMMAND = "command"
    VERIFY = "verify"
    TAG_RULES = "tag_rules"


class RunStatus(StrEnum):
    """The life of a run; `RUN_STEPS` lists the legal moves."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


ACTIVE_RUN = (RunStatus.QUEUED, RunStatus.RUNNING)

RUN_STEPS: dict[RunStatus, frozenset[RunStatus]] = {
    RunStatus.QUEUED: frozenset(
        {RunStatus.RUNNING, RunStatus.CANCELLED, RunStatus.SKIPPED, RunStatus.FAILED}
    ),
    RunStatus.RUNNING: frozenset(
        {
            RunStatus.SUCCEEDED,
            RunStatus.PARTIAL,
            RunStatus.FAILED,
            RunStatus.CANCELLED,
            RunStatus.SKIPPED,
        }
    ),
    RunStatus.SUCCEEDED: frozenset(),
    RunStatus.PARTIAL: frozenset(),
    RunStatus.FAILED: frozenset(),
    RunStatus.CANCELLED: frozenset(),
    RunStatus.SKIPPED: frozenset(),
}


class RunReason(StrEnum):
    """Why a run ended as it did, where the results alone do not say."""

    NO_TARGETS = "no_targets"
    NO_CREDENTIALS = "no_credentials"
    OVERLAP = "overlap"
    WORKER_LOST = "worker_lost"
    DEADLINE = "deadline"
    BLACKOUT = "blackout"
    CANCELLED = "cancelled"
    ERROR = "error"


class ResultStatus(StrEnum):
    """What became of one device in a run."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class LogLevel(StrEnum):
    """How severe an entry of a run is, in rising order."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


class ScheduleType(StrEnum):
    """How a scheduled job recurs."""

    IMMEDIATE = "immediate"
    ONE_TIME = "one_time"
    INTERVAL = "interval"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"
    CRON = "cron"


class TargetKind(StrEnum):
    """Which devices a scheduled job is for."""

    DEVICES = "devices"
    TAGS = "tags"
    ALL = "all"


class Overlap(StrEnum):
    """What a due job does while its last run still runs."""

    SKIP = "skip"
    QUEUE = "queue"


class HoldBack(StrEnum):
    """What a due job does with a device in a black-out: takes it later, or leaves it out."""

    WAIT = "wait"
    SKIP = "skip"


class WorkerState(StrEnum):
    """Whether a worker works, is being answered for by another, or is gone."""

    LIVE = "live"
    RECOVERING = "recovering"
    DEAD = "dead"


class ValueType(StrEnum):
    """What an administrator's setting holds."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    JSON = "json"


class EventType(StrEnum):
    """What an audit event is about."""

    AUTH = "auth"
    ADMIN = "admin"
    DATA = "data"
    KEY = "key"


class EventStatus(StrEnum):
    """How the audited action ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"
    WARNING = "warning"
