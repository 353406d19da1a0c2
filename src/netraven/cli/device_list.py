"""`netraven device list` and `device show`: what is in the inventory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from netraven.cli import output
from netraven.cli.options import AsJson, DeviceName, Everything, Limit, Skip
from netraven.cli.output import Column

if TYPE_CHECKING:
    from netraven.models import Device

State = Literal["completed", "failed", "quarantined"]


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
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_tag, platform_name
    from netraven.cli.pages import Listed, Look, Page, show_list, take
    from netraven.inventory.devices import count_devices, get_devices
    from netraven.schemas.device import DeviceRead

    page, home = Page(skip, limit, is_everything=everything), reach_home()
    device_type = platform_name(platform, home.platforms) if platform else None
    with home.reading() as db:
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
            db, search, device_type, enabled, tag_ids=tag_ids, site=site, last_backup_status=status
        )
    show_list(
        Listed(page, devices, total),
        Look(_COLUMNS, _cells, DeviceRead.model_validate),
        "device",
        is_filtered=any((search, platform, tag, site, status, enabled is not None)),
        begin="add one with `netraven device add HOSTNAME ADDRESS`, or many with "
        "`netraven device import FILE.csv`",
        as_json=as_json,
    )
    if not as_json and any(device.protocol == "telnet" for device in devices):
        output.note("telnet! is not encrypted: passwords and configurations pass in clear.")


def show_device(name: DeviceName, *, as_json: AsJson = False) -> None:
    """Show a device with its tags, the credentials it gets and its last backup."""
    from netraven.cli import names
    from netraven.cli.home import reach_home
    from netraven.schemas.device import DeviceRead
    from netraven.vault.credentials import get_credentials_for_device

    with reach_home().reading() as db:
        device = names.named_device(db, name)
        credentials = [row.name for row in get_credentials_for_device(db, device.id)]
    if as_json:
        told = DeviceRead.model_validate(device).model_dump(mode="json")
        output.say_json({**told, "credentials": credentials})
    else:
        _show_device(device, credentials)


_COLUMNS = (
    Column("Hostname", wraps=True),
    Column("Address", wraps=True),
    Column("Platform"),
    Column("Last backup"),
    Column("When"),
)


def _cells(device: Device) -> Sequence[object]:
    return (
        device.hostname,
        _address(device),
        device.device_type,
        device.last_backup_status if device.enabled else output.state("disabled"),
        device.last_backup_at and output.local_minute(device.last_backup_at),
    )


def _show_device(device: Device, credentials: list[str]) -> None:
    output.say_facts(
        (
            ("Hostname", device.hostname),
            ("Id", device.id),
            ("Address", _address(device)),
            ("Protocol", _protocol(device)),
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
    insecure = " telnet!" if device.protocol == "telnet" else ""
    return f"{host}:{device.port}{insecure}"


def _protocol(device: Device) -> str:
    if device.protocol == "telnet":
        return "telnet: not encrypted, passwords and configurations pass in clear"
    return device.protocol
