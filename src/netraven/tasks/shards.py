"""From devices to what their collection needs: plain values, a shard of devices at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.orm import Session

from netraven.collect.backlog import Request
from netraven.collect.limits import Limits
from netraven.collect.target import HostKeyPolicy, Jump, Login, Target
from netraven.collect.target import Protocol as Transport
from netraven.db import present_time
from netraven.db.enums import Protocol, ResultStatus
from netraven.errors import Corrupt
from netraven.inventory.hostkeys import get_trusted_host_keys
from netraven.inventory.platform_hints import platform_hint
from netraven.inventory.platforms import get_platforms
from netraven.jobs.leases import acquire_device_leases
from netraven.models import Credential, Device
from netraven.platforms.catalogue import Platforms
from netraven.vault.credentials import get_credentials_by_id, get_credentials_for_devices
from netraven.vault.secrets import reveal_credential


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A device that is going to be collected, under a lease; `jump_ids` nearest first."""

    device_id: UUID
    hostname: str
    request: Request
    lease_token: int
    jump_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """A device that cannot be collected now, and why; without a token it was not leased."""

    device_id: UUID
    hostname: str
    status: ResultStatus
    reason: str
    message: str
    lease_token: int | None = None

    @property
    def credential_name(self) -> None:
        """No credential was tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """Some devices of a run, in the order asked for; absent ones are left out."""

    planned: tuple[Planned, ...]
    passed_over: tuple[PassedOver, ...]


class ShardLoader:
    """Turns the devices of one run into plain values; each credential is revealed once.

    Every call is a unit of work of its own, for a thread other than an event loop's.
    """

    def __init__(
        self,
        writing: Callable[[], AbstractContextManager[Session]],
        owner: str,
        *,
        limits: Limits,
        credential_id: UUID | None = None,
    ) -> None:
        """`writing` opens a unit; `owner` holds the leases, and opens the credentials.

        `credential_id` is tried on the devices instead of their own; jump hosts keep theirs.
        """
        self._credential_id = credential_id
        self._writing = writing
        self._owner = owner
        self._limits = limits
        self._logins: dict[UUID, Login] = {}
        self._unusable: dict[UUID, str] = {}
        self.hostnames: dict[str, str] = {}
        """The names of all devices loaded, jump hosts included, by id."""
        self.credential_ids: dict[str, UUID] = {}
        """The ids of all credentials revealed, by name."""

    def load(self, device_ids: Sequence[UUID]) -> Shard:
        """Lease the devices and return what their collection needs.

        Raises KeyUnavailable where the secrets cannot be opened at all, and what `writing` does.
        """
        with self._writing() as db:
            rows = _load_rows(db, device_ids, self._credential_id)
            asked = list(rows.asked)
            tokens = acquire_device_leases(db, asked, self._owner, now=present_time(db))
            self._open(db, rows)
        everybody = (*rows.asked.values(), *rows.jumps.values())
        self.hostnames.update((str(each.id), each.hostname) for each in everybody)
        found = [
            self._plan(rows, rows.asked[device_id], tokens.get(device_id))
            for device_id in device_ids
            if device_id in rows.asked
        ]
        return Shard(
            planned=tuple(one for one in found if isinstance(one, Planned)),
            passed_over=tuple(one for one in found if isinstance(one, PassedOver)),
        )

    def _open(self, db: Session, rows: _Rows) -> None:
        """Reveal the credentials that are new to this run."""
        for credential_id, credential in sorted(rows.credentials.items()):
            if credential_id in self._logins or credential.frozen_at is not None:
                continue
            try:
                secrets = reveal_credential(db, credential_id, purpose=self._owner)
            except Corrupt as error:
                self._unusable[credential_id] = str(error)
                continue
            if secrets is not None:
                self.credential_ids[secrets.name] = credential_id
                self._logins[credential_id] = Login(
                    name=secrets.name,
                    username=secrets.username,
                    password=_plain(secrets.password),
                    private_key=_plain(secrets.private_key),
                    private_key_passphrase=_plain(secrets.private_key_passphrase),
                    enable_secret=_plain(secrets.enable_secret),
                    aaa_domain=secrets.aaa_domain,
                )

    def _plan(self, rows: _Rows, device: Device, token: int | None) -> Planned | PassedOver:
        if token is None:
            return PassedOver(
                device_id=device.id,
                hostname=device.hostname,
                status=ResultStatus.SKIPPED,
                reason="overlap",
                message=f"another run is collecting from {device.hostname} now",
            )
        platform = rows.platforms.get(device.device_type)
        way = rows.way_to(device)
        objection = self._objection(rows, device, way)
        if platform is None or objection is not None:
            reason, message = objection or _unknown_platform(device, rows.platforms)
            return PassedOver(
                device_id=device.id,
                hostname=device.hostname,
                status=ResultStatus.FAILED,
                reason=reason,
                message=message,
                lease_token=token,
            )
        request = Request(
            target=self._target(rows, device, way),
            logins=self._logins_of(rows, device),
            platform=platform,
            limits=self._limits,
            site=device.site,
        )
        return Planned(
            device_id=device.id,
            hostname=device.hostname,
            request=request,
            lease_token=token,
            jump_ids=tuple(jump.id for jump in way),
        )

    def _objection(
        self, rows: _Rows, device: Device, way: Sequence[Device]
    ) -> tuple[str, str] | None:
        """Return why this device cannot be collected: a reason, and a sentence with its remedy."""
        for jump in way:
            if jump.protocol is not Protocol.SSH:
                fact = f"{jump.hostname}, on the way to {device.hostname}, speaks {jump.protocol}"
                return "unsupported_protocol", f"{fact}; jump hosts are passed by ssh"
        for each in (device, *way):
            if not self._logins_of(rows, each):
                return "no_credentials", self._why_no_login(rows, each)
        return None

    def _why_no_login(self, rows: _Rows, device: Device) -> str:
        chosen = rows.choices.get(device.id, [])
        for credential_id in chosen:
            if credential_id in self._unusable:
                return self._unusable[credential_id]
        if not chosen:
            return (
                f"no credential reaches {device.hostname};"
                " give it one, or offer one to one of its tags"
            )
        return (
            f"every credential of {device.hostname} is frozen after refusals;"
            " set its secret anew or thaw it"
        )

    def _logins_of(self, rows: _Rows, device: Device) -> tuple[Login, ...]:
        return tuple(
            self._logins[credential_id]
            for credential_id in rows.choices.get(device.id, ())
            if credential_id in self._logins and not rows.is_frozen(credential_id)
        )

    def _target(self, rows: _Rows, device: Device, way: Sequence[Device]) -> Target:
        return Target(
            device_id=str(device.id),
            hostname=device.hostname,
            address=device.ip_address,
            port=device.port,
            protocol=Transport(device.protocol),
            legacy_ssh=device.legacy_ssh,
            host_key_policy=_policy(device),
            known_host_keys=rows.host_keys.get(device.id, ()),
            jump=tuple(
                Jump(
                    device_id=str(jump.id),
                    hostname=jump.hostname,
                    address=jump.ip_address,
                    port=jump.port,
                    logins=self._logins_of(rows, jump),
                    legacy_ssh=jump.legacy_ssh,
                    host_key_policy=_policy(jump),
                    known_host_keys=rows.host_keys.get(jump.id, ()),
                )
                for jump in way
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """What the database says about a shard: the devices asked for, and those on the way."""

    asked: Mapping[UUID, Device]
    jumps: Mapping[UUID, Device]
    host_keys: Mapping[UUID, tuple[str, ...]]
    choices: Mapping[UUID, Sequence[UUID]]
    platforms: Platforms
    credentials: Mapping[UUID, Credential] = field(repr=False)

    def way_to(self, device: Device) -> list[Device]:
        """Return the jump hosts that are passed, the nearest to us first."""
        way: list[Device] = []
        while device.jump_device_id is not None:
            device = self.jumps[device.jump_device_id]
            way.insert(0, device)
        return way

    def is_frozen(self, credential_id: UUID) -> bool:
        credential = self.credentials.get(credential_id)
        return credential is None or credential.frozen_at is not None


def _load_rows(db: Session, device_ids: Sequence[UUID], credential_id: UUID | None = None) -> _Rows:
    asked = _devices(db, device_ids)
    jumps: dict[UUID, Device] = {}
    wanted = {one.jump_device_id for one in asked.values() if one.jump_device_id is not None}
    while wanted:
        found = _devices(db, sorted(wanted))
        jumps |= found
        next_ones = {one.jump_device_id for one in found.values() if one.jump_device_id is not None}
        wanted = next_ones - jumps.keys()
    everybody = sorted({*asked, *jumps})
    choices = dict(get_credentials_for_devices(db, everybody))
    if credential_id is not None:
        choices |= {device_id: [credential_id] for device_id in asked}
    chosen = sorted({one for choice in choices.values() for one in choice})
    return _Rows(
        asked=asked,
        jumps=jumps,
        host_keys=get_trusted_host_keys(db, everybody),
        choices=choices,
        platforms=get_platforms(db),
        credentials=get_credentials_by_id(db, chosen),
    )


def _devices(db: Session, device_ids: Sequence[UUID]) -> dict[UUID, Device]:
    return {row.id: row for row in db.scalars(select(Device).where(Device.id.in_(device_ids)))}


def _policy(device: Device) -> HostKeyPolicy:
    return HostKeyPolicy(device.host_key_policy or HostKeyPolicy.TOFU)


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _unknown_platform(device: Device, platforms: Platforms) -> tuple[str, str]:
    name = device.device_type
    fact = f"this worker does not know the platform {name} of {device.hostname}"
    remedy = "put its file into the folder `platforms` of this worker's home, or set another"
    return "unknown_platform", f"{fact}; {remedy}: {platform_hint(name, platforms)}"
