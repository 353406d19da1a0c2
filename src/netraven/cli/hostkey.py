"""`netraven device hostkey`: which SSH host keys are believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from netraven.cli import output
from netraven.cli.options import AsJson, DeviceName, Yes
from netraven.cli.output import Column

if TYPE_CHECKING:
    from netraven.models import HostKey

app = typer.Typer(help="See and accept the SSH host keys of a device.", no_args_is_help=True)


@app.command("show")
def show_host_keys(name: DeviceName, *, as_json: AsJson = False) -> None:
    """Show the host keys that a device showed, with the fingerprint to compare on its console."""
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_device
    from netraven.inventory.hostkeys import get_host_keys

    with reach_home().reading() as db:
        device = named_device(db, name)
        keys = get_host_keys(db, device.id)
    if as_json:
        output.say_json({"items": [_told(key) for key in keys], "total": len(keys)})
    elif not keys:
        output.say(
            f"{device.hostname} has shown no host key yet; the first one of a login is believed."
        )
    else:
        _show_keys(keys)


@app.command("accept")
def accept_host_key(
    name: DeviceName,
    *,
    fingerprint: Annotated[
        str | None,
        typer.Option(metavar="SHA256:...", help="This key instead of the last one offered."),
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Believe the key that a device showed last instead of the one it showed before.

    Compare its fingerprint with the device's console first.
    """
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_device
    from netraven.cli.questions import confirm
    from netraven.collect.hostkeys import fingerprint as fingerprint_of
    from netraven.errors import NotFound
    from netraven.inventory.hostkeys import accept_host_key as believe
    from netraven.inventory.hostkeys import get_host_keys

    home = reach_home()
    with home.reading() as db:
        device = named_device(db, name)
        keys = get_host_keys(db, device.id)
    key = _chosen(keys, device.hostname, fingerprint)
    shown = fingerprint_of(key.public_key)
    if not yes and not as_json:
        _show_choice(keys, key)
    confirm("Does the device's console show the new fingerprint?", is_answered=yes)
    with home.writing() as db:
        accepted = believe(db, key.id)
    if accepted is None:
        message = f"{device.hostname} has just been deleted, and its keys with it"
        raise NotFound(message)
    if as_json:
        output.say_json({"hostname": device.hostname, "accepted": shown})
    else:
        output.say(f"{device.hostname} is known by {shown} from now on.")


def _chosen(keys: list[HostKey], hostname: str, fingerprint: str | None) -> HostKey:
    """Return the key meant, the last one offered without a fingerprint; raises NotFound."""
    from netraven.collect.hostkeys import fingerprint as fingerprint_of
    from netraven.db.enums import HostKeyState
    from netraven.errors import NotFound

    offered = [key for key in keys if key.state is HostKeyState.OFFERED]
    if fingerprint is not None:
        offered = [key for key in keys if fingerprint_of(key.public_key) == fingerprint.strip()]
    if not offered:
        which = f"no key {fingerprint}" if fingerprint else "no other key than the trusted one"
        remedy = f"see `netraven device hostkey show {hostname}`"
        message = f"{hostname} has shown {which} to a backup; {remedy}"
        raise NotFound(message)
    return offered[0]


def _show_choice(keys: list[HostKey], chosen: HostKey) -> None:
    from netraven.collect.hostkeys import fingerprint
    from netraven.db.enums import HostKeyState

    trusted = [key for key in keys if key.state is HostKeyState.TRUSTED]
    facts = [("Until now", key) for key in trusted] + [("New", chosen)]
    output.say_facts(
        (name, f"{key.algorithm} {fingerprint(key.public_key)}") for name, key in facts
    )


def _told(key: HostKey) -> dict[str, object]:
    from netraven.collect.hostkeys import fingerprint as fingerprint_of
    from netraven.schemas.device import HostKeyRead

    told = HostKeyRead.model_validate(key).model_dump(mode="json")
    return {**told, "fingerprint": fingerprint_of(key.public_key)}


def _show_keys(keys: list[HostKey]) -> None:
    from netraven.collect.hostkeys import fingerprint as fingerprint_of

    columns = (
        Column("State"),
        Column("Type"),
        Column("Fingerprint", wraps=True),
        Column("Last seen"),
    )
    rows = (
        (
            key.state,
            key.algorithm,
            fingerprint_of(key.public_key),
            output.local_minute(key.last_seen_at),
        )
        for key in keys
    )
    output.say_table(columns, rows)
