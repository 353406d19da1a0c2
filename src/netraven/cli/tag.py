"""`netraven tag`: labels by which people, runs and credentials find devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from netraven.cli import output
from netraven.cli.options import AsJson, Everything, Limit, Skip
from netraven.cli.output import Column

if TYPE_CHECKING:
    from netraven.schemas.tag import BulkTagResult, BulkUntagResult

app = typer.Typer(
    help="Label devices; runs and credentials find them by tag.", no_args_is_help=True
)

TagName = Annotated[str, typer.Argument(metavar="TAG", help="Name or id of a tag.")]
DeviceNames = Annotated[
    list[str], typer.Argument(metavar="NAME...", help="Hostnames or ids of devices.")
]


@app.command("add")
def add_tag(
    name: Annotated[str, typer.Argument(help="Name of the tag, unique.")],
    *,
    description: Annotated[str | None, typer.Option(metavar="TEXT")] = None,
    color: Annotated[str, typer.Option(metavar="#RRGGBB", help="Colour.")] = "#6366F1",
    as_json: AsJson = False,
) -> None:
    """Make a tag."""
    from netraven.cli.home import reach_home
    from netraven.inventory.tags import create_tag
    from netraven.schemas.tag import TagCreate, TagRead

    wanted = TagCreate(name=name, description=description, color=color)
    with reach_home().writing() as db:
        told = TagRead.model_validate(create_tag(db, wanted))
    if as_json:
        output.say_json(told)
    else:
        output.say(f"Made the tag {told.name}.")


@app.command("list")
def list_tags(
    *,
    search: Annotated[str | None, typer.Option(metavar="TEXT", help="Part of a name.")] = None,
    skip: Skip = 0,
    limit: Limit = 100,
    everything: Everything = False,
    as_json: AsJson = False,
) -> None:
    """List tags by name, with the number of their devices."""
    from netraven.cli.home import reach_home
    from netraven.cli.pages import Listed, Look, Page, show_list, take
    from netraven.inventory.tags import count_tags, get_tags
    from netraven.schemas.tag import TagRead

    page = Page(skip, limit, is_everything=everything)
    with reach_home().reading() as db:
        tags = take(page, lambda skip, limit: get_tags(db, skip, limit, search=search))
        total = count_tags(db, search=search)
    columns = (
        Column("Tag", wraps=True),
        Column("Devices", right=True),
        Column("Description", wraps=True),
    )
    show_list(
        Listed(page, tags, total),
        Look(
            columns,
            lambda tag: (tag.name, tag.device_count, tag.description),
            TagRead.model_validate,
        ),
        "tag",
        as_json=as_json,
    )


@app.command("assign")
def assign_tag(tag: TagName, devices: DeviceNames, *, as_json: AsJson = False) -> None:
    """Put a tag on devices."""
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_device, named_tag
    from netraven.inventory.tags import bulk_add_tags_to_devices

    with reach_home().writing() as db:
        found = named_tag(db, tag)
        ids = [named_device(db, name).id for name in devices]
        result = bulk_add_tags_to_devices(db, device_ids=ids, tag_ids=[found.id])
    _tell(result, f"Tagged {{}} with {found.name}", "had it already", as_json=as_json)


@app.command("unassign")
def unassign_tag(tag: TagName, devices: DeviceNames, *, as_json: AsJson = False) -> None:
    """Take a tag off devices; the default tag and those that a rule gave stay."""
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_device, named_tag
    from netraven.errors import InUse
    from netraven.inventory.tags import bulk_remove_tags_from_devices

    with reach_home().writing() as db:
        found = named_tag(db, tag)
        ids = [named_device(db, name).id for name in devices]
        result = bulk_remove_tags_from_devices(db, device_ids=ids, tag_ids=[found.id])
        if result["failures"]:
            raise InUse(result["failures"][0]["reason"])
    _tell(result, f"Took {found.name} off {{}}", "did not have it", as_json=as_json)


def _tell(
    result: BulkTagResult | BulkUntagResult, done: str, otherwise: str, *, as_json: bool
) -> None:
    """Say how many devices changed; `done` has a place for their number."""
    changed = result["successful_operations"]
    unchanged = result["device_count"] - changed
    if as_json:
        output.say_json({"changed": changed, "unchanged": unchanged})
        return
    sentence = done.format(output.counted(changed, "device"))
    output.say(f"{sentence}; {unchanged} {otherwise}." if unchanged else f"{sentence}.")
