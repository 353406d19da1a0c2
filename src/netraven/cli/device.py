"""`netraven device`: the inventory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from netraven.cli import hostkey, output
from netraven.cli.device_import import import_devices_from
from netraven.cli.options import AsJson, DeviceName, Everything, Limit, Skip, Yes
from netraven.cli.output import Column

if TYPE_CHECKING:
    from netraven.models import Device

app = typer.Typer(help="Keep the inventory of devices.", no_args_is_help=True)
app.command("import")(import_devices_from)
app.add_typer(hostkey.app, name="hostkey")

Policy = Literal["tofu", "pinned", "ignore"]
State = Literal["completed", "failed", "quarantined"]
PlatformName: TypeAlias = Annotated[
    str,
    typer.Option(
        "--platform", help="NetRaven's name for the platform, or Netmiko's, Oxidized's, RANCID's."
    ),
]
Port = Annotated[int, typer.Option(min=1, max=65535, help="TCP port of SSH.")]
LegacySsh = Annotated[
    bool | None,
    typer.Option(
        "--legacy-ssh/--no-legacy-ssh", help="Allow SHA-1, CBC and MD5 for this device alone."
    ),
]
HostKeyPolicy = Annotated[
    Policy | None,
    typer.Option(
        "--host-key-policy",
        help="tofu trusts the first key and refuses a change, pinned refuses any unknown key, "
        "ignore takes any.",
    ),
]
CredentialName = Annotated[
    str | None,
    typer.Option("--credential", metavar="NAME", help="Use this credential, whatever the tags."),
]
JumpName = Annotated[
    str | None, typer.Option("--jump", metavar="NAME", help="Device to pass on the way.")
]
Text = Annotated[str | None, typer.Option(metavar="TEXT")]


@app.command("add")
def add_device(
    hostname: Annotated[str, typer.Argument(help="Name of the device, unique.")],
    address: Annotated[str, typer.Argument(help="IP address or name to connect to.")],
    *,
    platform: PlatformName,
    port: Port = 22,
    credential: CredentialName = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", metavar="NAME", help="Tag it; may be repeated.")
    ] = None,
    jump: JumpName = None,
    host_key_policy: HostKeyPolicy = None,
    legacy_ssh: LegacySsh = None,
    site: Text = None,
    description: Text = None,
    serial_number: Text = None,
    model: Text = None,
    notes: Text = None,
    disabled: Annotated[
        bool, typer.Option("--disabled", help="Keep it, but leave it out of runs.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add a device."""
    from netraven.cli import names
    from netraven.cli.home import open_home
    from netraven.inventory.devices import create_device
    from netraven.schemas.device import DeviceCreate, DeviceRead

    with open_home().writing() as db:
        wanted = {
            "hostname": hostname,
            "ip_address": address,
            "device_type": names.platform_name(platform),
            "port": port,
            "legacy_ssh": bool(legacy_ssh),
            "host_key_policy": host_key_policy,
            "site": site,
            "description": description,
            "serial_number": serial_number,
            "model": model,
            "notes": notes,
            "enabled": not disabled,
            "jump_device_id": names.named_device(db, jump).id if jump else None,
            "credential_id": names.named_credential(db, credential).id if credential else None,
            "tag_ids": [names.named_tag(db, name).id for name in tag or ()],
        }
        device = create_device(db, DeviceCreate.model_validate(wanted))
        created = DeviceRead.model_validate(device)
    if as_json:
        output.say_json(created)
    else:
        output.say(f"Added {created.hostname} ({created.ip_address}, {created.device_type}).")


@app.command("list")
def list_devices(
    *,
    search: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Part of a hostname or address.")
    ] = None,
    platform: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this platform, by any tool's name.")
    ] = None,
    tag: Annotated[str | None, typer.Option(metavar="NAME", help="Only with this tag.")] = None,
    site: Annotated[str | None, typer.Option(metavar="TEXT", help="Only at this site.")] = None,
    status: Annotated[State | None, typer.Option(help="Only whose last backup ended so.")] = None,
    enabled: Annotated[
        bool | None, typer.Option("--enabled/--disabled", help="Only these; both without it.")
    ] = None,
    skip: Skip = 0,
    limit: Limit = 100,
    everything: Everything = False,
    as_json: AsJson = False,
) -> None:
    """List devices by hostname."""
    from netraven.cli.home import open_home
    from netraven.cli.names import named_tag, platform_name
    from netraven.cli.pages import Page, say_more, take
    from netraven.inventory.devices import count_devices, get_devices
    from netraven.schemas.device import DeviceRead

    page = Page(skip, limit, is_everything=everything)
    device_type = platform_name(platform) if platform else None
    with open_home().reading() as db:
        tag_ids = [named_tag(db, tag).id] if tag else None
        devices = take(
            page,
            lambda skip, limit: get_devices(
                db,
                skip,
                limit,
                search,
                device_type,
                enabled,
                tag_ids=tag_ids,
                site=site,
                last_backup_status=status,
            ),
        )
        total = count_devices(
            db,
            search,
            device_type,
            enabled,
            tag_ids=tag_ids,
            site=site,
            last_backup_status=status,
        )
    if as_json:
        items = [DeviceRead.model_validate(device) for device in devices]
        output.say_json({"items": items, "total": total})
    elif devices:
        _show_devices(devices)
        say_more(page, len(devices), total)
    elif any((search, platform, tag, site, status, enabled is not None, skip)):
        output.say("No device fits.")
    else:
        output.say(
            "No devices yet; add one with `netraven device add HOSTNAME ADDRESS --platform NAME`, "
            "or many with `netraven device import FILE.csv`."
        )


@app.command("show")
def show_device(name: DeviceName, *, as_json: AsJson = False) -> None:
    """Show a device with its tags, the credentials it gets and its last backup."""
    from netraven.cli import names
    from netraven.cli.home import open_home
    from netraven.schemas.device import DeviceRead
    from netraven.vault.credentials import get_credentials_for_device

    with open_home().reading() as db:
        device = names.named_device(db, name)
        credentials = [row.name for row in get_credentials_for_device(db, device.id)]
    if as_json:
        told = DeviceRead.model_validate(device).model_dump(mode="json")
        output.say_json({**told, "credentials": credentials})
    else:
        _show_device(device, credentials)


@app.command("update")
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
    from netraven.cli import names
    from netraven.cli.home import open_home
    from netraven.errors import NotFound
    from netraven.inventory.devices import update_device
    from netraven.schemas.device import DeviceRead, DeviceUpdate

    with open_home().writing() as db:
        device = names.named_device(db, name)
        given: dict[str, object] = {
            "hostname": hostname,
            "ip_address": address,
            "device_type": names.platform_name(platform) if platform else None,
            "port": port,
            "legacy_ssh": legacy_ssh,
            "host_key_policy": host_key_policy,
            "enabled": enabled,
        }
        changes = {field: value for field, value in given.items() if value is not None}
        texts = {
            "site": site,
            "description": description,
            "serial_number": serial_number,
            "model": model,
            "notes": notes,
        }
        changes |= {field: text or None for field, text in texts.items() if text is not None}
        if credential is not None:
            changes["credential_id"] = (
                names.named_credential(db, credential).id if credential else None
            )
        if jump is not None:
            changes["jump_device_id"] = names.named_device(db, jump).id if jump else None
        changed = update_device(db, device.id, DeviceUpdate.model_validate(changes))
        if changed is None:
            message = f"the device {name} has just been deleted"
            raise NotFound(message)
        told = DeviceRead.model_validate(changed)
    if as_json:
        output.say_json(told)
    elif changes:
        output.say(f"Changed {told.hostname}: {', '.join(sorted(changes))}.")
    else:
        output.say("Nothing to change was named; see `netraven device update --help`.")


@app.command("delete")
def remove_device(name: DeviceName, *, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete a device with all its backups; pinned ones protect it."""
    from netraven.archive.backups import count_backups
    from netraven.archive.devices import delete_device
    from netraven.cli import names
    from netraven.cli.home import open_home
    from netraven.cli.questions import confirm

    home = open_home()
    with home.reading() as db:
        device = names.named_device(db, name)
        backups = count_backups(db, device.id)
    confirm(f"Delete {device.hostname} with {output.counted(backups, 'backup')}?", is_answered=yes)
    with home.writing() as db:
        delete_device(db, device.id)
    if as_json:
        output.say_json({"deleted": device.id, "hostname": device.hostname, "backups": backups})
    else:
        output.say(f"Deleted {device.hostname} and {output.counted(backups, 'backup')}.")


def _show_devices(devices: list[Device]) -> None:
    columns = (
        Column("Hostname", wraps=True),
        Column("Address", wraps=True),
        Column("Platform"),
        Column("Last backup"),
        Column("When"),
    )
    rows = (
        (
            device.hostname,
            _address(device),
            device.device_type,
            device.last_backup_status if device.enabled else output.state("disabled"),
            device.last_backup_at and output.local_minute(device.last_backup_at),
        )
        for device in devices
    )
    output.say_table(columns, rows)


def _show_device(device: Device, credentials: list[str]) -> None:
    output.say_facts(
        (
            ("Hostname", device.hostname),
            ("Id", device.id),
            ("Address", _address(device)),
            ("Platform", device.device_type),
            ("Enabled", device.enabled),
            ("Tags", ", ".join(tag.name for tag in device.tags)),
            ("Credentials", ", ".join(credentials) or "none: no backup is possible"),
            ("Legacy SSH", device.legacy_ssh),
            ("Host-key policy", device.host_key_policy or "tofu"),
            ("Site", device.site),
            ("Model", device.model),
            ("Serial number", device.serial_number),
            ("Description", device.description),
            ("Notes", device.notes),
            ("Last backup", device.last_backup_status),
            ("When", device.last_backup_at),
        )
    )


def _address(device: Device) -> str:
    host = f"[{device.ip_address}]" if ":" in device.ip_address else device.ip_address
    return f"{host}:{device.port}"
