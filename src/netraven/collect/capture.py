"""What a device said, and under which circumstances it said so."""

from __future__ import annotations

from dataclasses import dataclass, field

from netraven.collect.dialogue import Dialogue
from netraven.errors import CollectError, Negotiated
from netraven.platforms.observation import CONFIGURATIONS, Observation, Yields
from netraven.platforms.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """One device's answers, each command's apart, and how the session came about.

    `host_key` is the key the device showed, as an OpenSSH public-key line; `jump_host_keys`
    those of the jump hosts, in their order. `login_name` is the credential that worked,
    `refused_logins` those that the device refused before it. Over telnet
    `host_key` and all that is `negotiated` are empty. `record` is what the device said in all,
    for the evidence where the capture turns out to be doubtful.
    """

    observations: tuple[Observation, ...]
    host_key: str
    jump_host_keys: tuple[str, ...] = ()
    login_name: str
    refused_logins: tuple[str, ...]
    negotiated: Negotiated
    took_s: float
    platform: Platform
    record: Dialogue | None = field(default=None, repr=False, compare=False)

    @property
    def running(self) -> Observation:
        """The running configuration; a platform without a command for it is a fault of ours."""
        running = self.configurations.get(Yields.RUNNING)
        if running is None:
            raise CollectError("no command of this session yields a configuration", step="command")
        return running

    @property
    def configurations(self) -> dict[str, Observation]:
        """The configurations by what they are, `running` or `startup`; of several, the first."""
        found = (each for each in reversed(self.observations) if each.yields in CONFIGURATIONS)
        return {each.yields.value: each for each in found}
