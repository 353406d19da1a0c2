"""`netraven search`, `blame`, `biography`, `changes` and `history`, as people type them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from netraven import clock
from netraven.archive.storing import store_backup
from netraven.db import KeyRing
from netraven.inventory.devices import create_device
from netraven.inventory.tags import create_tag
from netraven.models import History
from netraven.schemas.backup import BackupCreate
from netraven.schemas.device import DeviceCreate
from netraven.schemas.tag import TagCreate
from tests.cli.conftest import Program
from tests.cli.terminal import at_terminal

NOTHING = 1
USAGE, NOT_FOUND, CORRUPT = 2, 3, 5
TEXT = (
    "hostname {name}\nip http server\ninterface Gi0/1\n description uplink\n"
    "ntp server 10.0.0.1\nusername ops secret 5 $1$abcd$ThisIsTheHash\nend\n"
)


@pytest.fixture
def archive(program: Program) -> Program:
    """Return the program with three devices: nine days old, two of them changed an hour ago."""
    with program.unit() as db:
        tag = create_tag(db, TagCreate(name="lab"))
        for number in range(3):
            name = f"core-{number}"
            create = DeviceCreate(
                hostname=name,
                ip_address=f"192.0.2.{number + 1}",
                device_type="cisco_ios",
                tag_ids=[tag.id],
            )
            device_id = create_device(db, create).id
            text = TEXT.format(name=name)
            first = BackupCreate(device_id=device_id)
            store_backup(db, first, content=text, now=clock.now() - timedelta(days=9))
            if number < 2:
                second = BackupCreate(device_id=device_id, author="ana")
                changed = text.replace("10.0.0.1", "10.0.0.9")
                store_backup(db, second, content=changed, now=clock.now() - timedelta(hours=1))
    return program


def test_a_search_shows_each_line_with_its_days(archive: Program) -> None:
    shown = archive.ok("search", "ntp server")

    lines = shown.out.splitlines()
    assert lines[0] == "core-0  2 lines"
    assert lines[1].endswith("ntp server 10.0.0.1")
    assert "→ now         ntp server 10.0.0.9" in lines[2]
    assert lines[-2:][0] == "core-2  1 line"
    assert "5 lines in 3 configurations; 3 configurations searched." in shown.err


def test_nothing_found_ends_as_grep_does(archive: Program) -> None:
    shown = archive.run("search", "ip ftp server")

    assert (shown.exit_code, shown.out) == (NOTHING, "")
    assert "Nothing found; 3 configurations searched." in shown.err


def test_a_search_is_narrowed(archive: Program) -> None:
    def hosts(*options: str) -> list[str]:
        found = archive.run("search", "10.0.0.1", *options, "--json").json
        return [each["hostname"] for each in found["devices"]]

    assert hosts() == ["core-0", "core-1", "core-2"]
    assert hosts("--at", "now") == ["core-2"]
    assert hosts("--at", "2d") == ["core-0", "core-1", "core-2"]
    assert hosts("--since", "30m") == ["core-2"]
    assert hosts("--until", "10d") == []
    assert hosts("--device", "CORE-1") == ["core-1"]
    assert hosts("--tag", "lab", "--platform", "ios") == ["core-0", "core-1", "core-2"]
    assert hosts("--section", "interface") == []
    assert hosts("--config-type", "startup") == []


def test_a_search_in_json_says_whether_it_is_whole(archive: Program) -> None:
    told = archive.json("search", "server", "--regex", "-i", "--limit", "4", "--context", "1")

    assert (told["lines"], told["complete"], told["searched"]) == (6, False, 2)
    assert [len(each["lines"]) for each in told["devices"]] == [3, 1]
    assert told["devices"][0]["lines"][0]["before"] == ["hostname core-0"]
    assert archive.json("search", "server")["complete"]


def test_a_search_that_is_cut_says_where(archive: Program) -> None:
    shown = archive.ok("search", "[a-z]", "--regex", "--limit", "2")

    assert len(shown.out.splitlines()) == 3
    assert "after 2 lines; --limit shows more" in shown.err


def test_a_search_without_its_key_is_no_empty_answer(archive: Program) -> None:
    archive.set(NETRAVEN_KEYRING=KeyRing.generate().to_text().strip())

    for command in ("search", "biography"):
        shown = archive.run(command, "ntp server 10.0.0.1")

        assert shown.exit_code not in {0, NOTHING}
        assert "key" in shown.err
        assert shown.out == ""


def test_a_secret_is_found_by_its_token_only(archive: Program) -> None:
    view = archive.ok("backup", "show", "core-0").out
    token = view[view.index("‹") : view.index("›") + 1]

    assert archive.run("search", "ThisIsTheHash").exit_code == NOTHING
    assert archive.ok("search", token, "--count").out.splitlines() == [
        "core-0  1 line",
        "core-1  1 line",
        "core-2  1 line",
    ]


REFUSED: list[tuple[list[str], int, str]] = [
    (["x"], USAGE, "at least 2 characters"),
    (["(", "-E"], USAGE, "at least 2 characters"),
    (["(a", "-E"], USAGE, "RE2 knows no such regular expression"),
    (["a*", "-E"], USAGE, "matches an empty line"),
    (["ab", "-E", "-w"], USAGE, "choose --regex or --words"),
    (["ab", "--at", "yesterday"], USAGE, "yesterday is no time"),
    (["ab", "--at", "now", "--since", "7d"], USAGE, "one moment"),
    (["ab", "--since", "1d", "--until", "2d"], USAGE, "behind `until`"),
    (["ab", "--device", "nope"], NOT_FOUND, "there is no device nope"),
    (["ab", "--tag", "nope"], NOT_FOUND, "there is no tag nope"),
    (["ab", "--platform", "cisco_ois"], USAGE, "did you mean cisco_ios"),
    (["ab", "--at", "30d"], NOTHING, "Nothing was stored as early as that."),
]


def test_what_cannot_be_searched_is_told_in_one_sentence(archive: Program) -> None:
    for arguments, exit_code, sentence in REFUSED:
        shown = archive.run("search", *arguments)

        assert shown.exit_code == exit_code, arguments
        assert sentence in shown.err
        assert shown.out == ""


def test_blame_names_the_version_and_its_author(archive: Program) -> None:
    shown = archive.ok("blame", "core-0").out.splitlines()
    told = archive.json("blame", "core-0", "--version", "1")

    assert shown[0].startswith("v1 ")
    assert "ana" in shown[4]
    assert shown[4].endswith("ntp server 10.0.0.9")
    assert shown[4].startswith("v2 ")
    assert {line["version"] for line in told["lines"]} == {1}
    assert archive.run("blame", "core-0", "--version", "7").exit_code == NOT_FOUND
    assert archive.run("blame", "nope").exit_code == NOT_FOUND


def test_the_biography_of_a_line(archive: Program) -> None:
    shown = archive.ok("biography", "ntp server 10.0.0.1").out
    told = archive.json("biography", "^ntp server", "--regex", "--tag", "lab")

    assert "– ana" in shown
    assert shown.count("core-") == 3
    assert len(told["lives"]) == 5
    assert told["complete"]
    assert archive.run("biography", "no such line").exit_code == NOTHING


def test_changes_are_told_as_stories(archive: Program) -> None:
    shown = archive.ok("changes", "--tag", "lab").out.splitlines()
    told = archive.json("changes", "--since", "30d")

    assert shown[0].startswith("2 devices")
    assert shown[1:3] == ["  -ntp server 10.0.0.1", "  +ntp server 10.0.0.9"]
    assert shown[3:] == ["  On: core-0, core-1", "  Not on: core-2"]
    assert [story["devices"] for story in told["stories"]] == [2]
    assert archive.run("changes", "--since", "30m").exit_code == NOTHING


def test_missing_histories_are_made_when_they_are_few(archive: Program) -> None:
    with archive.unit() as db:
        db.execute(delete(History))
    assert archive.json("history", "status") == {"series": 3, "current": 0, "missing": 3}

    assert archive.json("search", "ntp server")["lines"] == 5

    assert archive.json("history", "status")["missing"] == 0


def test_histories_are_built_on_demand(archive: Program) -> None:
    with archive.unit() as db:
        db.execute(delete(History))

    assert archive.json("history", "build") == {"made": 3, "versions": 5}
    assert archive.ok("history", "build").out == "Every history is complete.\n"
    assert archive.ok("history", "status").out == "3 histories, all complete.\n"


def test_a_damaged_history_is_named_and_verify_makes_it_anew(archive: Program) -> None:
    with archive.unit() as db:
        db.execute(update(History).values(data=b"\0" * 99))

    found = archive.run("search", "ntp server")
    assert found.exit_code == CORRUPT
    assert "core-0, core-1, core-2 is damaged" in found.err

    assert archive.run("verify").exit_code == CORRUPT
    assert archive.json("verify")["histories"] == {"checked": 3, "made_anew": 0}
    assert archive.json("search", "ntp server")["lines"] == 5


@pytest.mark.usefixtures("archive")
def test_at_a_terminal_answers_fit_eighty_columns() -> None:
    for arguments in (
        ("search", "ntp server", "--context", "1"),
        ("biography", "ntp server 10.0.0.1"),
    ):
        screen = at_terminal(*arguments)

        assert screen.exit_code == 0
        assert "ntp server" in screen.text
        assert max(map(len, screen.lines)) <= 80
