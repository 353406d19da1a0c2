"""One device's whole walk: connect, log in, run its commands, leave."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from netraven.collect.arrival import Shared, arrived, open_session, reported
from netraven.collect.capture import Capture
from netraven.collect.copying import copy_file
from netraven.collect.entry import Circumstances
from netraven.collect.limits import Limits
from netraven.collect.pacing import LoginGate, OpenGate
from netraven.collect.target import Login, Target
from netraven.collect.tunnels import Tunnels
from netraven.collect.walk import Pulse, Walk
from netraven.platforms.observation import Yields
from netraven.platforms.platform import Command, Platform


async def fetch(
    target: Target,
    logins: tuple[Login, ...],
    platform: Platform,
    limits: Limits,
    *,
    config_types: Iterable[str] = ("running",),
    commands: tuple[Command, ...] | None = None,
    gate: LoginGate | None = None,
    shared: Shared | None = None,
    pulse: Pulse | None = None,
) -> Capture:
    """Return what the device said to its platform's commands.

    Version and inventory are always asked for, configurations as `config_types` says
    (`running`, `startup`); or `commands` and nothing else. Where the platform is not determined,
    the device says which it is. Logins are tried in order while the device refuses them. Raises
    a `CollectError` with its `report`; the connection is closed then, and at once on
    cancellation. The devices of a sweep have `gate` and `shared` in common.
    """
    common = shared or Shared()
    walk = Walk(target, logins, pulse or Pulse())
    circumstances = Circumstances(
        limits=limits, gate=gate or OpenGate(), keys=common.keys, bridges=common.bridges
    )
    types = tuple(config_types)

    def chosen(known: Platform) -> tuple[Command, ...]:
        return commands_for(known, types) if commands is None else commands

    walking = _collect(platform, chosen, walk, circumstances, tunnels=common.tunnels)
    try:
        return await reported(walking, walk, limits)
    finally:
        walk.forget()
        if shared is None:
            await common.close()


def commands_for(platform: Platform, config_types: Iterable[str]) -> tuple[Command, ...]:
    """Return the platform's commands in order, without the configurations nobody asks for."""
    wanted = {Yields.VERSION, Yields.INVENTORY, *map(Yields, config_types)}
    return tuple(command for command in platform.commands if command.yields in wanted)


async def _collect(
    platform: Platform,
    chosen: Callable[[Platform], tuple[Command, ...]],
    walk: Walk,
    circumstances: Circumstances,
    *,
    tunnels: Tunnels,
) -> Capture:
    async with arrived(walk, circumstances, tunnels, platform) as arrival:
        session = await open_session(arrival, platform, walk, circumstances.limits)
        observations = [
            await (
                copy_file(arrival.connection, command, walk, circumstances.limits)
                if command.file
                else session.run(command)
            )
            for command in chosen(session.platform)
        ]
        await session.leave()
    return Capture(
        observations=tuple(observations),
        host_key=arrival.host_key,
        jump_host_keys=tuple(walk.jump_host_keys.values()),
        login_name=arrival.login.name,
        refused_logins=tuple(walk.refused_logins),
        negotiated=arrival.negotiated,
        took_s=walk.took_s(),
        platform=session.platform,
        record=session.dialogue,
    )
