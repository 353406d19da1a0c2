"""`netraven device import`: one verdict a row, and good rows in spite of bad ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Program

USAGE, NOT_FOUND = 2, 3
HEADER = "hostname,ip_address,device_type,port,description,tags\n"


@pytest.fixture
def sites(program: Program, tmp_path: Path) -> Path:
    """Return a file of four rows: two good ones, two with a fault."""
    program.ok("tag", "add", "core")
    path = tmp_path / "sites.csv"
    path.write_text(
        HEADER
        + "core-1,192.0.2.1,ios,22,Core switch,core|default\n"
        + 'edge-1,192.0.2.2,JunOS,830,"Zurich, 2nd floor",\n'
        + "bad-1,192.0.2.300,ios,22,,\n"
        + "bad-2,192.0.2.4,ios,22,,no-such-tag\n"
    )
    return path


def test_each_row_gets_a_verdict_and_good_ones_are_kept(program: Program, sites: Path) -> None:
    answer = program.run("device", "import", sites, "--json")

    assert answer.exit_code == USAGE
    told = answer.json
    assert told["counts"] == {"create": 2, "update": 0, "same": 0, "refuse": 2}
    assert [(row["number"], row["hostname"], row["action"]) for row in told["rows"]] == [
        (1, "core-1", "create"),
        (2, "edge-1", "create"),
        (3, "bad-1", "refuse"),
        (4, "bad-2", "refuse"),
    ]
    assert "192.0.2.300" in told["rows"][2]["reason"]
    assert "no-such-tag" in told["rows"][3]["reason"]
    edge = program.json("device", "show", "edge-1")
    assert (edge["device_type"], edge["port"]) == ("juniper_junos", 830)
    assert edge["description"] == "Zurich, 2nd floor"


def test_a_dry_run_tells_the_same_and_changes_nothing(program: Program, sites: Path) -> None:
    dry = program.run("device", "import", sites, "--dry-run", "--json").json
    listed = program.json("device", "list")["total"]
    real = program.run("device", "import", sites, "--json").json

    assert listed == 0
    assert dry["rows"] == real["rows"]
    assert (dry["dry_run"], real["dry_run"]) == (True, False)


def test_the_same_file_again_changes_nothing(program: Program, sites: Path) -> None:
    program.run("device", "import", sites)
    before = program.json("device", "list")

    again = program.run("device", "import", sites, "--json").json

    assert again["counts"] == {"create": 0, "update": 0, "same": 2, "refuse": 2}
    assert program.json("device", "list") == before


def test_the_table_names_row_verdict_and_reason(program: Program, sites: Path) -> None:
    answer = program.run("device", "import", sites)

    lines = answer.out.splitlines()
    assert lines[0].split() == ["Row", "Line", "Verdict", "Hostname", "Why"]
    assert lines[1].split() == ["1", "2", "create", "core-1", "-"]
    assert lines[3].startswith("  3     4  refuse   bad-1")
    assert "4 rows: 2 create, 2 refuse." in answer.out


def test_a_file_comes_through_a_pipe_too(program: Program) -> None:
    told = program.json("device", "import", "-", stdin=HEADER + "core-1,192.0.2.1,ios,22,,\n")

    assert told["counts"]["create"] == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "it is empty"),
        ("\n\n", "it is empty"),
        (HEADER, "no row below it"),
        ("host,ip\na,192.0.2.1\n", "its first line is not the header"),
        ("hostname,ip_address,device_typ\na,192.0.2.1,ios\n", "did you mean device_type?"),
        ("hostname,port\na,22\n", "the header lacks ip_address"),
        ("hostname,hostname,ip_address,device_type\n", "names the column hostname twice"),
        (HEADER + 'a,192.0.2.1,ios,22,"open,\nb,192.0.2.2,ios,22,,\n', "never ends"),
        (HEADER + 'a,192.0.2.1,ios,22,"x" y,\n', "goes on behind its closing quote"),
    ],
)
def test_a_file_that_is_none_is_refused_whole_in_one_sentence(
    program: Program, tmp_path: Path, content: str, sentence: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(content)

    answer = program.run("device", "import", path)

    assert answer.exit_code == USAGE
    assert sentence in answer.err
    assert answer.err.count("\n") == 1
    assert program.json("device", "list")["total"] == 0


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"PK\x03\x04\x14\x00", "a spreadsheet"),
        (b"hostname,ip_address,device_type\nB\xfcro,192.0.2.1,ios\n", "is not UTF-8"),
        (b"\x00\x01\x02\x03\x80", "is not"),
    ],
)
def test_a_file_that_is_no_text_is_refused(
    program: Program, tmp_path: Path, content: bytes, sentence: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)

    answer = program.run("device", "import", path)

    assert answer.exit_code == USAGE
    assert sentence in answer.err
    assert answer.err.count("\n") == 1


def test_a_file_that_is_not_there_is_told(program: Program, tmp_path: Path) -> None:
    answers = [program.run("device", "import", path) for path in (tmp_path / "none", tmp_path)]

    assert [answer.exit_code for answer in answers] == [USAGE, USAGE]
    assert "No such file or directory" in answers[0].err
    assert "Is a directory" in answers[1].err


def test_duplicate_names_and_addresses_within_a_file_are_refused(
    program: Program, tmp_path: Path
) -> None:
    path = tmp_path / "twice.csv"
    path.write_text(
        HEADER
        + "core-1,192.0.2.1,ios,22,,\n"
        + "CORE-1,192.0.2.2,ios,22,,\n"
        + "core-2,192.0.2.1,ios,22,,\n"
    )

    told = program.run("device", "import", path, "--json").json

    assert [row["action"] for row in told["rows"]] == ["create", "refuse", "refuse"]
    assert "row 1 has the same hostname" in told["rows"][1]["reason"]
    assert "row 1 has the same address" in told["rows"][2]["reason"]


def test_twenty_thousand_rows_are_imported_in_one_go(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    rows = (f"sw{n},10.{n >> 16}.{(n >> 8) & 255}.{n & 255},ios,22,,\n" for n in range(20_000))
    path.write_text(HEADER + "".join(rows) + "sw7,10.9.9.9,ios,22,,\n")

    answer = program.run("device", "import", path)

    assert answer.exit_code == USAGE
    assert "20 001 rows: 20000 create, 1 refuse." in answer.out
    assert "row 8 has the same hostname" in answer.out
    assert len(answer.out.splitlines()) < 10
    assert program.json("device", "list", "--limit", 1)["total"] == 20_000


def test_hostile_cells_reach_no_terminal(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "hostile.csv"
    path.write_text(HEADER + "\x1b[2Jevil,192.0.2.1,ios,22,,\ncore-1,192.0.2.2,\u202eios,22,,\n")

    answer = program.run("device", "import", path)

    assert answer.exit_code == USAGE
    assert "\x1b" not in answer.text
    assert "\u202e" not in answer.text
