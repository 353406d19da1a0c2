"""Where a device is, how its host key is judged, and which logins may be tried on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class HostKeyPolicy(StrEnum):
    """What is done with the host key that a device shows.

    `tofu` trusts the first one and refuses a change, `pinned` refuses every key that is not
    known, `ignore` takes any.
    """

    TOFU = "tofu"
    PINNED = "pinned"
    IGNORE = "ignore"


class Protocol(StrEnum):
    """What carries a session. Over telnet everything passes in clear, passwords included."""

    SSH = "ssh"
    TELNET = "telnet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One credential, opened: what is shown at a login and at `enable`; secrets stay out of repr.

    `name` is the credential's name, which errors and results carry. `aaa_domain` names the
    devices that ask the same server about it; None: the credential has a domain of its own.
    """

    name: str
    username: str
    password: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    private_key_passphrase: str | None = field(default=None, repr=False)
    enable_secret: str | None = field(default=None, repr=False)
    aaa_domain: str | None = None

    @property
    def domain(self) -> str:
        """The domain in which refusals of this login count together."""
        return f"domain {self.aaa_domain}" if self.aaa_domain else f"credential {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """An SSH server on the way to a device; judged and logged in to as a device is.

    `device_id` is its own, so that refusals count with those it gives when it is collected itself.
    `known_host_keys` are OpenSSH public-key lines (`ssh-ed25519 AAAA...`).
    """

    device_id: str
    hostname: str
    address: str
    port: int = 22
    logins: tuple[Login, ...]
    legacy_ssh: bool = False
    host_key_policy: HostKeyPolicy = HostKeyPolicy.TOFU
    known_host_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A device as a session needs it; `jump` lists the servers to pass, the nearest first.

    `address` is an IP address or a name; `known_host_keys` are OpenSSH public-key lines.
    `legacy_ssh` allows SHA-1, CBC and MD5 for this device alone. Jump hosts are passed by SSH,
    whatever the device's own `protocol`.
    """

    device_id: str
    hostname: str
    address: str
    port: int = 22
    protocol: Protocol = Protocol.SSH
    legacy_ssh: bool = False
    host_key_policy: HostKeyPolicy = HostKeyPolicy.TOFU
    known_host_keys: tuple[str, ...] = ()
    jump: tuple[Jump, ...] = ()
