"""`netraven key`: the ring is rotated, copied under a passphrase, and put back."""

from __future__ import annotations

import json
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from netraven.db import KeyRing
from netraven.seal import KeyState
from netraven.vault.secrets import reveal_credential
from tests.cli.conftest import Program
from tests.cli.terminal import typed_at_terminal

USAGE, CONFLICT, KEY, STORAGE = 2, 4, 6, 7
PASSPHRASE = "correct horse battery"


def ring(program: Program) -> KeyRing:
    return KeyRing.from_text((program.home / "keyring").read_text())


def add_credential(program: Program) -> str:
    arguments = ("credential", "add", "lab", "--username", "backup", "--password-stdin")
    told: str = program.json(*arguments, stdin="hunter2\n")["id"]
    return told


def password(program: Program, credential_id: str) -> str:
    with program.unit() as db:
        secrets = reveal_credential(db, credential_id, purpose="test")
        assert secrets is not None
        assert secrets.password is not None
        return secrets.password.get_secret_value()


def export(program: Program, path: Path) -> None:
    program.ok("key", "export", path, "--passphrase-stdin", stdin=PASSPHRASE)


def test_rotation_wraps_everything_under_a_new_key(program: Program) -> None:
    credential_id = add_credential(program)
    before = ring(program)

    told = program.ok("key", "rotate", "--batch", "1")
    keys = program.json("key", "list")["items"]

    assert [(key["version"], key["state"]) for key in keys] == [(1, "decrypt-only"), (2, "active")]
    assert [key["values"] for key in keys] == [0, 2]
    assert ring(program).keys[0].secret == before.keys[0].secret
    assert "2 rows wrapped" in told.out
    assert "netraven key export" in told.out
    assert password(program, credential_id) == "hunter2"
    assert stat.S_IMODE((program.home / "keyring").stat().st_mode) == 0o600
    assert {path.name for path in program.home.iterdir()} >= {"keyring", "netraven.sqlite3"}
    assert not list(program.home.glob(".keyring-*"))


def test_an_interrupted_rotation_goes_on_with_the_same_key(program: Program) -> None:
    credential_id = add_credential(program)
    # As a process that was killed between its new key and its first row leaves it.
    rotated = ring(program).rotated()
    (program.home / "keyring").write_text(rotated.to_text())

    told = program.json("key", "rotate", "--continue")

    assert told == {"key_id": rotated.active.key_id, "wrapped": 2}
    assert program.json("key", "rotate", "--continue")["wrapped"] == 0
    assert len(ring(program).keys) == 2
    assert password(program, credential_id) == "hunter2"


def test_rotations_at_the_same_time_lose_no_key(program: Program) -> None:
    credential_id = add_credential(program)

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: program.process("key", "rotate"), range(3)))

    assert [answer.exit_code for answer in answers] == [0, 0, 0], answers
    assert [key.version for key in ring(program).keys] == [1, 2, 3, 4]
    assert [key.state for key in ring(program).keys].count(KeyState.ACTIVE) == 1
    assert password(program, credential_id) == "hunter2"


def test_a_ring_of_the_environment_is_not_rotated_here(program: Program) -> None:
    text = ring(program).to_text().strip()
    program.set(NETRAVEN_KEYRING=text)

    refused = program.run("key", "rotate")
    program.set(NETRAVEN_KEYRING=ring(program).rotated().to_text().strip().replace("\n", ";"))
    continued = program.json("key", "rotate", "--continue")

    assert refused.exit_code == USAGE
    assert "--continue" in refused.err
    assert text.split()[-1] not in refused.text
    assert continued["wrapped"] == 1


def test_a_copy_brings_the_ring_back(program: Program, tmp_path: Path) -> None:
    credential_id = add_credential(program)
    before = ring(program).to_text()
    copy = tmp_path / "copy.json"
    export(program, copy)
    (program.home / "keyring").unlink()

    missing = program.run("credential", "list")
    told = program.json("key", "import", copy, "--passphrase-stdin", stdin=PASSPHRASE)
    again = program.json("key", "import", copy, "--passphrase-stdin", stdin=PASSPHRASE)

    assert missing.exit_code == KEY
    assert (told["state"], again["state"]) == ("created", "present")
    assert ring(program).to_text() == before
    assert password(program, credential_id) == "hunter2"
    assert stat.S_IMODE((program.home / "keyring").stat().st_mode) == 0o600


def test_a_copy_shows_no_key_and_is_for_its_owner_only(program: Program, tmp_path: Path) -> None:
    copy = tmp_path / "copy.json"

    export(program, copy)

    told = json.loads(copy.read_text())
    secret = ring(program).to_text().split()[-1]
    assert secret not in copy.read_text()
    assert (told["kdf"], told["keys"]) == ("argon2id", [ring(program).active.key_id])
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    (event,) = program.json("audit", "list", "--type", "key")["items"]
    assert (event["event_name"], event["description"]) == (
        "key_ring_exported",
        f"wrote a copy of the key ring to {copy}",
    )


def test_a_copy_goes_to_standard_output(program: Program, tmp_path: Path) -> None:
    copied = program.ok("key", "export", "-", "--passphrase-stdin", stdin=PASSPHRASE).out
    (tmp_path / "copy.json").write_text(copied)
    (program.home / "keyring").unlink()

    program.ok("key", "import", tmp_path / "copy.json", "--passphrase-stdin", stdin=PASSPHRASE)

    assert program.json("credential", "list")["total"] == 0


def test_a_new_passphrase_is_asked_twice_and_a_known_one_once(
    program: Program, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.json"
    line = f"{PASSPHRASE}\n".encode()

    new = typed_at_terminal("key", "export", copy, keys=line * 2)
    (program.home / "keyring").unlink()
    known = typed_at_terminal("key", "import", copy, keys=line)

    assert (new.exit_code, known.exit_code) == (0, 0), new.text + known.text
    assert new.text.count("Repeat for confirmation") == 1
    assert "Repeat" not in known.text
    assert PASSPHRASE not in new.text + known.text
    assert (program.home / "keyring").exists()


def test_a_file_that_is_there_is_never_overwritten(program: Program, tmp_path: Path) -> None:
    (tmp_path / "copy.json").write_text("precious")

    answer = program.run(
        "key", "export", tmp_path / "copy.json", "--passphrase-stdin", stdin=PASSPHRASE
    )

    assert answer.exit_code == CONFLICT
    assert (tmp_path / "copy.json").read_text() == "precious"
    assert list(tmp_path.glob(".keyring-*")) == []
    assert program.json("audit", "list", "--type", "key")["total"] == 0


@pytest.mark.parametrize(
    ("stdin", "sentence"),
    [("short", "12 characters or more"), ("", "standard input ended before the passphrase")],
)
def test_a_weak_passphrase_is_refused(
    program: Program, tmp_path: Path, stdin: str, sentence: str
) -> None:
    answer = program.run("key", "export", tmp_path / "copy", "--passphrase-stdin", stdin=stdin)

    assert answer.exit_code == USAGE
    assert sentence in answer.err
    assert not (tmp_path / "copy").exists()


def test_another_passphrase_and_other_files_open_nothing(program: Program, tmp_path: Path) -> None:
    copy = tmp_path / "copy.json"
    export(program, copy)
    (program.home / "keyring").unlink()
    changed = json.loads(copy.read_text()) | {"keys": ["v9-00000000"]}
    (tmp_path / "changed.json").write_text(json.dumps(changed))
    greedy = json.loads(copy.read_text()) | {"memory_kib": 2**31}
    (tmp_path / "greedy.json").write_text(json.dumps(greedy))
    (tmp_path / "other").write_bytes(b"\xff\x00")

    def said(file: str, passphrase: str = PASSPHRASE) -> str:
        answer = program.run(
            "key", "import", tmp_path / file, "--passphrase-stdin", stdin=passphrase
        )
        assert answer.exit_code == USAGE
        return answer.err

    assert "does not open this copy" in said("copy.json", "another passphrase")
    assert "does not open this copy" in said("changed.json")
    assert "is not what `netraven key export` wrote" in said("greedy.json")
    assert "is not what `netraven key export` wrote" in said("other")
    assert program.run("key", "import", tmp_path / "none").exit_code == STORAGE
    assert not (program.home / "keyring").exists()


def test_another_ring_is_neither_overwritten_nor_written_beside(
    program: Program, tmp_path: Path
) -> None:
    other = Program(tmp_path / "other", program._monkeypatch)  # noqa: SLF001  a second home
    other.ok("init")
    export(other, tmp_path / "other.json")
    program.set(NETRAVEN_HOME=str(program.home))
    before = ring(program).to_text()
    arguments = ("key", "import", tmp_path / "other.json", "--passphrase-stdin")

    present = program.run(*arguments, stdin=PASSPHRASE)
    (program.home / "keyring").unlink()
    unfit = program.run(*arguments, stdin=PASSPHRASE)

    assert (present.exit_code, unfit.exit_code) == (CONFLICT, KEY)
    assert "move it away first" in present.err
    assert ring(other).to_text() != before
    assert not (program.home / "keyring").exists()


def test_a_ring_comes_back_before_its_database_does(program: Program, tmp_path: Path) -> None:
    export(program, tmp_path / "copy.json")
    shutil.copy(program.database, tmp_path / "database")
    shutil.rmtree(program.home)

    program.ok("key", "import", tmp_path / "copy.json", "--passphrase-stdin", stdin=PASSPHRASE)
    shutil.copy(tmp_path / "database", program.database)

    assert program.ok("credential", "list").exit_code == 0


def test_no_key_is_shown(program: Program) -> None:
    secret = ring(program).to_text().split()[-1]

    answers = [program.ok("key", "list"), program.ok("key", "list", "--json")]
    answers.append(program.ok("key", "rotate"))

    assert all(secret not in answer.text for answer in answers)
