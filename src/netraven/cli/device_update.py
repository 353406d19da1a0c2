"""`netraven device update`: what is named changes, the rest stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from netraven.cli import output
from netraven.cli.device_options import (
    PORTS,
    CredentialName,
    HostKeyPolicy,
    JumpName,
    LegacySsh,
    Telnet,
    Text,
)
from netraven.cli.options import AsJson, DeviceName

if TYPE_CHECKING:
    from netraven.cli.home import AnyHome
    from netraven.schemas.device import DeviceRead


def change_device(
    name: DeviceName,
    *,
    hostname: Annotated[str | None, typer.Option(metavar="TEXT", help="New hostname.")] = None,
    address: Annotated[
        str | None, typer.Option(metavar="TEXT", help="New IP address or name to connect to.")
    ] = None,
    platform: Annotated[
        str | None, typer.Option(metavar="NAME", help="New platform, by any tool's name.")
    ] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="New port.")] = None,
    telnet: Telnet = None,
    credential: CredentialName = None,
    jump: JumpName = None,
    host_key_policy: HostKeyPolicy = None,
    legacy_ssh: LegacySsh = None,
    site: Text = None,
    description: Text = None,
    serial_number: Text = None,
    model: Text = None,
    notes: Text = None,
    enabled: Annotated[
        bool | None, typer.Option("--enable/--disable", help="Take it into runs, or leave it out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change a device; what is not named stays, and an empty text ("") clears."""
    from netraven.cli.home import reach_home
    from netraven.cli.names import platform_name

    home = reach_home()
    changes: dict[str, object] = _given(
        hostname=hostname,
        ip_address=address,
        device_type=platform and platform_name(platform, home.platforms),
        port=port,
        protocol=None if telnet is None else ("telnet" if telnet else "ssh"),
        legacy_ssh=legacy_ssh,
        host_key_policy=host_key_policy,
        enabled=enabled,
    )
    texts = _given(
        site=site,
        description=description,
        serial_number=serial_number,
        model=model,
        notes=notes,
    )
    changes |= {field: text or None for field, text in texts.items()}
    told = _change(home, name, changes, credential=credential, jump=jump)
    if as_json:
        output.say_json(told)
    elif changes:
        output.say(f"Changed {told.hostname}: {', '.join(sorted(changes))}.")
    else:
        output.say("Nothing to change was named; see `netraven device update --help`.")


def _given(**values: object) -> dict[str, object]:
    return {field: value for field, value in values.items() if value is not None}


def _change(
    home: AnyHome,
    name: str,
    changes: dict[str, object],
    *,
    credential: str | None,
    jump: str | None,
) -> DeviceRead:
    """Make the changes, to which those are added that name other rows; return the device."""
    from netraven.cli import names
    from netraven.errors import NotFound
    from netraven.inventory.devices import update_device
    from netraven.schemas.device import DeviceRead, DeviceUpdate

    with home.writing() as db:
        device = names.named_device(db, name)
        protocol = changes.get("protocol", device.protocol)
        if protocol != device.protocol and device.port == PORTS[device.protocol]:
            changes.setdefault("port", PORTS[str(protocol)])
        if credential is not None:
            pinned = names.named_credential(db, credential).id if credential else None
            changes["credential_id"] = pinned
        if jump is not None:
            changes["jump_device_id"] = names.named_device(db, jump).id if jump else None
        changed = update_device(db, device.id, DeviceUpdate.model_validate(changes))
        if changed is None:
            message = f"the device {name} has just been deleted"
            raise NotFound(message)
        return DeviceRead.model_validate(changed)
