"""Every expected failure: its stable code, HTTP status, CLI exit code, and whether to retry.

A message states the fact and the remedy in one sentence and never holds a secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What the command line returns; `docs/operations/exit-codes.md` explains each."""

    OK = 0
    ERROR = 1
    USAGE = 2
    NOT_FOUND = 3
    CONFLICT = 4
    CORRUPT = 5
    KEY = 6
    STORAGE = 7
    DEVICES_FAILED = 8
    INTERRUPTED = 130


class NetRavenError(Exception):
    """Base of all expected failures; `str()` states the fact, never a secret."""

    code: ClassVar[str] = "error"
    http_status: ClassVar[int] = 500
    exit_code: ClassVar[ExitCode] = ExitCode.ERROR
    retryable: ClassVar[bool] = False


class NotFound(NetRavenError):
    """A name or id given at a door belongs to nothing; operations return None instead."""

    code = "not_found"
    http_status = 404
    exit_code = ExitCode.NOT_FOUND


class Conflict(NetRavenError):
    """A unique value is taken, or a state does not allow the step (`field="status"`)."""

    code = "conflict"
    http_status = 409
    exit_code = ExitCode.CONFLICT

    def __init__(self, field: str, message: str | None = None) -> None:
        super().__init__(message or f"the {field} is already taken")
        self.field = field


class Invalid(NetRavenError, ValueError):
    """A value or a combination of values is not acceptable."""

    code = "invalid"
    http_status = 422
    exit_code = ExitCode.USAGE

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class InUse(NetRavenError):
    """A row is protected or something else still needs it."""

    code = "in_use"
    http_status = 409
    exit_code = ExitCode.CONFLICT

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Corrupt(NetRavenError):
    """Stored bytes or a sealed value fail their check.

    Restore the database from its last good copy, then run `netraven verify`.
    """

    code = "corrupt"
    exit_code = ExitCode.CORRUPT

    def __init__(self, subject: str, message: str | None = None) -> None:
        super().__init__(
            message
            or f"{subject} fails its integrity check; restore it from a copy of the database"
        )
        self.subject = subject


class KeyUnavailable(NetRavenError):
    """No key, a wrong key or a retired key for a sealed value."""

    code = "key_unavailable"
    http_status = 503
    exit_code = ExitCode.KEY

    def __init__(self, key_id: str, message: str | None = None) -> None:
        super().__init__(message or f"the sealing key {key_id} is not available; nothing was done")
        self.key_id = key_id


class StorageFailed(NetRavenError):
    """The database or the home directory cannot be used: full, read-only, locked or down.

    `is_passing` where it can be expected to be well again in a moment: locked, or restarting.
    """

    code = "storage_failed"
    http_status = 503
    exit_code = ExitCode.STORAGE
    retryable = True

    def __init__(self, message: str, *, is_passing: bool = False) -> None:
        super().__init__(message)
        self.is_passing = is_passing


class SchemaMismatch(NetRavenError):
    """The database's schema is not this program's: newer, older, or not NetRaven's at all."""

    code = "schema_mismatch"
    http_status = 503
    exit_code = ExitCode.STORAGE


class SettingsInvalid(NetRavenError):
    """An environment variable is unknown or holds an unusable value."""

    code = "settings_invalid"
    exit_code = ExitCode.USAGE


class NotAuthenticated(NetRavenError):
    """Nobody says who asks, or the login or token that should say so is not valid any more."""

    code = "not_authenticated"
    http_status = 401


class SecondFactorNeeded(NetRavenError):
    """The password is right; the code of the user's authenticator is asked for besides."""

    code = "second_factor_needed"
    http_status = 401


class Forbidden(NetRavenError):
    """Who asks is known, and may not do this: their role or their token's scopes lack it."""

    code = "forbidden"
    http_status = 403


class SignOnUnavailable(NetRavenError):
    """The provider or directory that proves who somebody is does not answer, or not as it must."""

    code = "sign_on_unavailable"
    http_status = 503
    retryable = True


class TooMany(NetRavenError):
    """Somebody does one thing too often; `retry_after_s` says when the next try is let in."""

    http_status = 429
    retryable = True
    what: ClassVar[str]

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"too many {self.what}; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class TooManyAttempts(TooMany):
    """This name or address failed to log in too often; the next try counts after a while."""

    code = "too_many_attempts"
    what = "attempts to log in failed"


class TooManySearches(TooMany):
    """This user began more searches than one may in a minute."""

    code = "too_many_searches"
    what = "searches were begun"


class TooManyRequests(TooMany):
    """This token or login asked more often than one may in a minute."""

    code = "too_many_requests"
    what = "requests came with this login"


class ServerFailed(NetRavenError):
    """The server that the command line works on is away, or does not answer as NetRaven does."""

    code = "server_failed"
    http_status = 502
    exit_code = ExitCode.STORAGE
    retryable = True


class OnlyHere(NetRavenError):
    """The command works on the machine of the installation itself, and a server was named."""

    code = "only_here"
    exit_code = ExitCode.USAGE


class Malformed(NetRavenError):
    """A request cannot be read: broken JSON, broken UTF-8, or no HTTP."""

    code = "malformed"
    http_status = 400
    exit_code = ExitCode.USAGE


class NotAllowed(NetRavenError):
    """The address exists, but not for this HTTP method."""

    code = "not_allowed"
    http_status = 405
    exit_code = ExitCode.USAGE


class TooLarge(NetRavenError):
    """A request's body is larger than the server takes."""

    code = "too_large"
    http_status = 413
    exit_code = ExitCode.USAGE


class UnsupportedMedia(NetRavenError):
    """A request's body is of another type than the address takes."""

    code = "unsupported_media"
    http_status = 415
    exit_code = ExitCode.USAGE


class Overdue(NetRavenError):
    """A request took longer than the server lets it; nothing of it was kept."""

    code = "overdue"
    http_status = 503
    retryable = True


class DevicesFailed(NetRavenError):
    """A run ended, but not every device has a completed backup."""

    code = "devices_failed"
    http_status = 502
    exit_code = ExitCode.DEVICES_FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Negotiated:
    """What two SSH ends agreed on; names as in the SSH registries, `server` as the device says."""

    server: str
    kex: str
    host_key: str
    cipher: str
    mac: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What was typed to a device and when; a secret's place is taken by words.

    `offset` is where in the record of what the device said it was typed (characters); `at_s` the
    seconds since the record began, and `answered_s` how much later the last of its answer came.
    """

    text: str
    offset: int
    at_s: float
    answered_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureReport:
    """Why a device failed, bounded in size; nothing typed at a password question is in it.

    `last_seen` is the end of what the device sent, control characters escaped; `dialogue` the
    session's transcript and `typed` what was typed between its parts. `offered` lists the
    device's algorithms by kind where no common one was found. `host_key` is the key that the
    device showed, as an OpenSSH public-key line; `jump_host_keys` those of the jump hosts passed,
    in their order. `refused_logins` are names of credentials.
    """

    step: str
    awaited: str = ""
    last_seen: str = ""
    dialogue: str = ""
    typed: tuple[Typed, ...] = ()
    negotiated: Negotiated | None = None
    offered: dict[str, tuple[str, ...]] | None = None
    host_key: str | None = None
    jump_host_keys: tuple[str, ...] = ()
    refused_logins: tuple[str, ...] = ()


class CollectError(NetRavenError):
    """A device gave no usable capture; nothing of it is stored.

    `step` says how far the session came, `awaited` what it waited for; `report` is the
    evidence, present on every error that leaves the room `collect`.
    """

    code = "collect_failed"
    http_status = 502
    exit_code = ExitCode.DEVICES_FAILED

    def __init__(self, message: str, *, step: str, awaited: str = "") -> None:
        super().__init__(message)
        self.step = step
        self.awaited = awaited
        self.report: FailureReport | None = None


class Unreachable(CollectError):
    """The name does not resolve, nothing listens, or the connection was refused or lost early."""

    code = "unreachable"
    retryable = True


class NegotiationFailed(CollectError):
    """No common SSH algorithm; the message names what the device offered."""

    code = "negotiation_failed"


class HostKeyChanged(CollectError):
    """The device shows another host key than the trusted one; no secret was sent."""

    code = "host_key_changed"


class LoginRefused(CollectError):
    """The device refused this login; only this leads to the next one."""

    code = "login_refused"


class LoginWithheld(LoginRefused):
    """No login may be tried here: frozen, left alone after refusals, or unusable; none was."""

    code = "login_withheld"


class LoginPostponed(CollectError):
    """Its turn to log in did not come; the device was not asked. Try again in `retry_after_s`.

    `is_scheduled` where that is the turn that it was given, not a guess.
    """

    code = "login_postponed"
    retryable = True

    def __init__(
        self, message: str, *, step: str, retry_after_s: float, is_scheduled: bool
    ) -> None:
        super().__init__(message, step=step)
        self.retry_after_s = retry_after_s
        self.is_scheduled = is_scheduled


class EnableRefused(CollectError):
    """The login is good, but the device refused the enable secret."""

    code = "enable_refused"


class DeviceTimeout(CollectError):
    """An idle limit or the absolute deadline passed."""

    code = "timeout"
    retryable = True


class SessionLost(CollectError):
    """The device closed or reset the session before the closing prompt."""

    code = "session_lost"
    retryable = True


class OutputTooLarge(CollectError):
    """The device sent more than the limit of bytes."""

    code = "output_too_large"


class BridgeMissing(CollectError):
    """The device's platform is Netmiko's, and Netmiko is not installed here."""

    code = "bridge_missing"


class DialogueFailed(CollectError):
    """The device answers, but not as its platform does: no prompt, or a refused command."""

    code = "dialogue_failed"
