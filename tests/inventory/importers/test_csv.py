"""Devices from CSV: rows as spreadsheets write them, and one sentence for each fault."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netraven.errors import Invalid
from netraven.inventory.importers.csv import FURTHER, HEADER, read_devices
from netraven.schemas.imports import DeviceRow, RowFault

LINE = "hostname,ip_address,device_type"


def rows_of(*lines: str) -> list[DeviceRow | RowFault]:
    return list(read_devices("\n".join(lines)))


def row_of(header: str, cells: str) -> DeviceRow:
    (row,) = rows_of(header, cells)
    assert isinstance(row, DeviceRow), row.reason
    return row


def fault_of(header: str, cells: str) -> str:
    (row,) = rows_of(header, cells)
    assert isinstance(row, RowFault)
    return row.reason


def refusal(content: str | bytes) -> str:
    with pytest.raises(Invalid) as refused:
        list(read_devices(content))
    assert refused.value.field == "file"
    assert "\n" not in refused.value.reason
    return refused.value.reason


def test_a_row_gives_only_what_its_cells_say() -> None:
    row = row_of(f"{LINE},port,site,notes", "core-1, 192.0.2.1 ,IOS,,Berlin,")

    assert row.device.model_fields_set == {"hostname", "ip_address", "device_type", "site"}
    assert (row.device.ip_address, row.device.device_type) == ("192.0.2.1", "cisco_ios")
    assert (row.number, row.line, row.tags) == (1, 2, ())


def test_every_column_is_read() -> None:
    cells = {
        "hostname": "core-1",
        "ip_address": "2001:DB8::1",
        "device_type": "arista_eos",
        "port": "830",
        "description": "Backbone",
        "serial_number": "FOC1",
        "model": "7050",
        "source": "netbox",
        "notes": "two\nlines",
        "tags": "core| edge |core||",
        "site": "Zürich",
        "enabled": "No",
        "protocol": "SSH",
        "legacy_ssh": "TRUE",
        "host_key_policy": "Pinned",
        "jump_device": "jump-1",
        "credential": "Lab login",
    }
    assert set(cells) == {*HEADER, *FURTHER}

    quoted = (f'"{cell}"' for cell in cells.values())
    row = row_of(",".join(cells), ",".join(quoted))

    assert row.device.model_dump(exclude_unset=True) == {
        "hostname": "core-1",
        "ip_address": "2001:db8::1",
        "device_type": "arista_eos",
        "port": 830,
        "description": "Backbone",
        "serial_number": "FOC1",
        "model": "7050",
        "notes": "two\nlines",
        "site": "Zürich",
        "enabled": False,
        "protocol": "ssh",
        "legacy_ssh": True,
        "host_key_policy": "pinned",
    }
    assert (row.tags, row.jump_device, row.credential) == (("core", "edge"), "jump-1", "Lab login")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_spreadsheets_of_other_languages_part_by_other_signs(delimiter: str) -> None:
    lines = (f"{LINE},site".replace(",", delimiter), delimiter.join(("a", "b.c", "ios", "x")))

    (row,) = rows_of(*lines)
    (hinted,) = rows_of(f"sep={delimiter}", *lines)

    assert isinstance(row, DeviceRow)
    assert isinstance(hinted, DeviceRow)
    assert (row.device.site, row.line) == ("x", 2)
    assert (hinted.device.site, hinted.line) == ("x", 3)


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-16-le", b""),
        ("utf-32-le", codecs.BOM_UTF32_LE),
    ],
)
def test_texts_come_in_the_encodings_of_spreadsheets(encoding: str, mark: bytes) -> None:
    content = f"{LINE},site\r\ncore-1,192.0.2.1,ios,Zürich\r\n".encode(encoding)

    (row,) = read_devices(mark + content)

    assert isinstance(row, DeviceRow)
    assert row.device.site == "Zürich"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_numbers_are_those_of_an_editor(end: str) -> None:
    lines = [LINE + ",notes", "", 'a,b.a,ios,"one', 'two"', ",,,", "b,b.b,ios,", "c,b.c,nonsense,"]

    found = list(read_devices(end.join(lines)))

    assert [(row.number, row.line) for row in found] == [(1, 3), (2, 6), (3, 7)]
    assert isinstance(found[2], RowFault)


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("hostname", "", "hostname is empty; every device needs one"),
        ("ip_address", "", "ip_address is empty"),
        ("hostname", "-bad", "hostname '-bad' is not 1 to 255 letters"),
        ("hostname", "x" * 300, "…' is not 1 to 255"),
        ("ip_address", "10.0.0.0/8", "leave out the prefix length"),
        ("ip_address", "300.1.1.1", "is neither an IPv4 or IPv6 address nor a host name"),
        ("device_type", "toaster", "is not a platform; docs/operations/platforms.md lists"),
        ("device_type", "cisco_iso", "is not a platform; did you mean cisco_ios"),
        ("port", "ssh", "port 'ssh' is not a whole number from 1 to 65535"),
        ("port", "0", "port '0' is not"),
        ("enabled", "perhaps", "enabled 'perhaps' is not true or false"),
        ("legacy_ssh", "2", "legacy_ssh '2' is not true or false"),
        ("protocol", "http", "protocol 'http' is not ssh or telnet"),
        ("host_key_policy", "x", "is not tofu, pinned or ignore"),
        ("site", "x" * 101, "is not one line of at most 100 characters"),
    ],
)
def test_a_fault_is_one_sentence_that_names_column_and_remedy(
    column: str, cell: str, words: str
) -> None:
    cells = {"hostname": "core-1", "ip_address": "192.0.2.1", "device_type": "ios", column: cell}

    reason = fault_of(",".join(cells), ",".join(cells.values()))

    assert words in reason
    assert len(reason) < 300
    assert "\n" not in reason


def test_a_row_with_more_cells_than_columns_says_how_to_write_it() -> None:
    reason = fault_of(f"{LINE},notes", "core-1,192.0.2.1,ios,rack 7, second floor")

    assert reason.startswith("it has 5 cells, the header 4 columns; put a text that holds")
    assert row_of(LINE + ",", "core-1,192.0.2.1,ios,,,").number == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "it is empty; its first line must be hostname,ip_address"),
        ("\n \n", "it is empty"),
        (",,,\n,,\n", "it is empty"),
        ('"",""', "it is empty"),
        ("sep=;\n", "it is empty"),
        (b"\xff\xfe", "it is empty"),
        (LINE, "it holds a header and no row below it"),
        (f"{LINE}\n,,\n", "it holds a header and no row below it"),
        ("a,b,c\n1,2,3", "its first line is not the header; begin with hostname"),
        ("hostname,ip_address,device_typ\n", "column 3 of the header, 'device_typ', is not known"),
        ("hostname,ip_address,device_typ\n", "did you mean device_type?"),
        (f"{LINE},password\n", "keep logins with `netraven credential add`"),
        (f"{LINE},colour_of_the_box\n", "known are hostname"),
        (f"{LINE},site,site\n", "names the column site twice"),
        (
            "hostname;port\n",
            "the header lacks ip_address; its columns are parted by ;",
        ),
        ("hostname\tport\n", "its columns are parted by a tab"),
        (f'{LINE}\na,b.c,ios\n"b,b.d,ios\nc,b.e,ios\n', "line 3: a quoted text begins in this row"),
        (f'{LINE}\na,b.c,"ios" x\n', "line 2: a quoted text goes on behind its closing quote"),
        (f'"{LINE}\n', "line 1: a quoted text begins in this row and never ends"),
        (f"{LINE}\n" + f'a,b.c,"{"x" * 200_000}\n', "line 2: a quoted text begins in this row"),
        (b"PK\x03\x04", "this is a spreadsheet or an archive, not a text"),
        (b"\x1f\x8b\x08", "this is compressed, not a text"),
        (LINE.encode() + b"\nB\xfcro,a.b,ios\n", "line 2, byte 2 is 0xFC, which is not UTF-8"),
        (LINE.encode() + b"\na\0b,a.b,ios\n", "line 2 holds a NUL character"),
        (codecs.BOM_UTF16_LE + b"a", "is not UTF-16"),
        (f"{LINE},tags\na,b.c,ios,x\0y\n", "line 2 holds a NUL character"),
        (f"{LINE},tags\na,b.c,ios,\ud800\n", "line 2 holds half a character"),
    ],
)
def test_what_is_no_such_file_is_refused_in_one_sentence(content: str | bytes, words: str) -> None:
    assert words in refusal(content)


def test_rows_are_read_as_they_are_asked_for() -> None:
    content = f"{LINE}\n" + "".join(f"sw-{n},sw-{n}.example.net,ios\n" for n in range(100_000))

    rows = read_devices(content + '"never ends')
    first = next(rows)

    assert (first.number, first.line) == (1, 2)
    with pytest.raises(Invalid) as refused:
        sum(1 for _ in rows)
    assert refused.value.reason.startswith("line 100002: ")


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_the_bytes_there_are_rows_or_one_sentence(content: bytes) -> None:
    try:
        found = list(read_devices(content))
    except Invalid as refused:
        assert refused.field == "file"  # noqa: PT017  either ending is right
        assert "\n" not in refused.reason  # noqa: PT017  likewise
    else:
        assert found


@given(st.text(max_size=60))
def test_whatever_the_cells_there_is_a_row_or_a_fault(text: str) -> None:
    cell = text.replace('"', '""')

    try:
        (row,) = rows_of(f"{LINE},notes,site", f'core-1,192.0.2.1,ios,"{cell}","{cell}"')
    except Invalid as refused:
        assert "character, so this is not a text" in refused.reason  # noqa: PT017  likewise
    else:
        assert row.number == 1
