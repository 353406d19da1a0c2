"""Logging in at a server, what is kept of it, and what keeps the program from a wrong one."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from netraven import clock
from netraven.cli.ending import ending
from netraven.cli.remote.bearers import KeptLogin, Login, read_login
from netraven.cli.remote.server import Server
from tests.cli.conftest import Program
from tests.cli.oddservers import Told, odd_server
from tests.cli.twins import PASSWORD, Placed, copied, furnish, served

ERROR, USAGE, STORAGE, INTERRUPTED = 1, 2, 7, 130
EMPTY = {"items": [], "total": 0}


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, home_template: Path
) -> Iterator[tuple[str, str]]:
    """Return the address of a server, and the token of an administrator there."""
    home = copied(home_template, tmp_path_factory.mktemp("site") / "home")
    token = furnish(Placed(home))
    with served(home) as url:
        yield url, token


@pytest.fixture
def away(tmp_path: Path) -> Placed:
    """Return the program where there is no installation."""
    return Placed(tmp_path / "away")


def log_in(program: Program, url: str, *, user: str = "ana", stdin: str = PASSWORD) -> None:
    program.ok("login", url, "--user", user, "--password-stdin", stdin=stdin)


def kept(program: Program) -> Login:
    login = read_login(program.home / "login.json")
    assert login is not None
    return login


def test_a_login_is_kept_for_its_owner_until_it_is_ended(
    site: tuple[str, str], away: Placed
) -> None:
    url, _ = site
    log_in(away, url)
    path = away.home / "login.json"
    mode = stat.S_IMODE(path.stat().st_mode)
    access = kept(away).access_token
    listed = away.json("device", "list")

    ended = away.ok("logout")

    headers = {"Authorization": f"Bearer {access}"}
    assert mode == 0o600
    assert listed["total"] == 3
    assert ended.out == f"ana is logged out of {url}.\n"
    assert not path.exists()
    assert httpx.get(f"{url}/api/v1/devices", headers=headers).status_code == 401
    assert "run `netraven init`" in away.run("device", "list").err
    assert away.ok("logout").out == "Nobody was logged in.\n"


@pytest.mark.parametrize(("user", "password"), [("ana", "wrong"), ("nobody", PASSWORD)])
def test_a_login_that_is_refused_leaves_nothing(
    site: tuple[str, str], away: Placed, user: str, password: str
) -> None:
    answer = away.run("login", site[0], "--user", user, "--password-stdin", stdin=password)

    assert answer.exit_code == ERROR
    assert answer.err == "netraven: user name, password or code are not right\n"
    assert not (away.home / "login.json").exists()


def test_a_login_that_has_run_out_is_renewed_once_by_all_who_need_it(
    site: tuple[str, str], away: Placed
) -> None:
    log_in(away, site[0])
    path = away.home / "login.json"
    before = kept(away)
    old = before.model_copy(update={"access_until": clock.now() - timedelta(hours=1)})
    path.write_text(old.model_dump_json())
    with ending(), ThreadPoolExecutor(4) as pool:
        server = Server(before.address)
        tokens = set(pool.map(lambda _: KeptLogin(path).token(server.exchange), range(4)))

    assert len(tokens) == 1
    assert kept(away).refresh_token != before.refresh_token
    assert away.json("device", "list")["total"] == 3


def test_an_access_token_that_the_server_takes_no_more_is_renewed(
    site: tuple[str, str], away: Placed
) -> None:
    log_in(away, site[0])
    forged = kept(away).model_copy(update={"access_token": "x.y.z"})
    (away.home / "login.json").write_text(forged.model_dump_json())

    assert away.json("device", "list")["total"] == 3
    assert kept(away).access_token != "x.y.z"


def test_an_installation_here_goes_before_a_login_but_not_before_a_server_that_is_named(
    site: tuple[str, str], program: Program
) -> None:
    url, _ = site
    told = program.ok("login", url, "--user", "ana", "--password-stdin", stdin=PASSWORD)

    assert "This machine has an installation of its own" in told.err
    assert program.json("device", "list")["total"] == 0
    assert program.json("--server", url, "device", "list")["total"] == 3


@pytest.mark.parametrize(
    "command",
    [
        "init",
        "serve",
        "worker",
        "db upgrade",
        "key rotate",
        "verify",
        "retention",
        "history build",
        "audit prune --yes",
        "device test core-0",
        "device detect core-0",
    ],
)
def test_what_cannot_be_done_elsewhere_says_so(
    site: tuple[str, str], away: Placed, command: str
) -> None:
    answer = away.run("--server", site[0], *command.split())

    assert answer.exit_code == USAGE, answer.text
    assert "works on the machine of the installation itself" in answer.err
    assert len(answer.err.splitlines()) == 1
    assert not answer.out


def test_nobody_works_at_a_server_without_a_login_or_token(
    site: tuple[str, str], away: Placed
) -> None:
    url, _ = site
    answer = away.run("--server", url, "device", "list")

    assert answer.exit_code == ERROR
    assert f"run `netraven login {url}`, or set NETRAVEN_TOKEN" in answer.err


def test_a_token_that_may_not_is_told_so(site: tuple[str, str], tmp_path: Path) -> None:
    stranger = Placed(tmp_path, NETRAVEN_SERVER=site[0], NETRAVEN_TOKEN=f"nrv_{'x' * 40}")

    answer = stranger.run("device", "list")

    assert answer.exit_code == ERROR
    assert "the API token is unknown, expired or revoked" in answer.err
    assert "xxxx" not in answer.text


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("netraven.example.com", "is no address such as https://"),
        ("ftp://netraven.example.com", "is no address such as https://"),
        ("https://ana:secret@netraven.example.com", "must hold no user, password or query"),
        ("http://netraven.example.com", "is not encrypted"),
        ("http://10.0.0.1:8480", "is not encrypted"),
    ],
)
def test_an_address_that_nobody_should_speak_to_is_refused(
    away: Placed, url: str, told: str
) -> None:
    answer = away.run("login", url, "--user", "ana", "--password-stdin", stdin=PASSWORD)

    assert answer.exit_code == USAGE
    assert told in answer.err


def test_a_server_that_is_away_is_told(away: Placed) -> None:
    away = Placed(away.home, NETRAVEN_TOKEN="nrv_x")

    answer = away.run("--server", "http://127.0.0.1:1", "device", "list")

    assert answer.exit_code == STORAGE
    assert answer.err == (
        "netraven: http://127.0.0.1:1 cannot be reached; check the address and that it runs\n"
    )


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Told("<html>It works!</html>"), "answered 200, and not as NetRaven does"),
        (Told("<html>Bad gateway</html>", 502), "answered 502, and not as NetRaven does"),
        (Told("", 302, {"Location": "http://127.0.0.1:1/"}), "answered 302, and not as NetRaven"),
        (Told.json({"items": [{"id": 1}], "total": 1}), "use the version that the server has"),
        (Told.json([]), "gives no list at /devices"),
        (Told.json({"code": "unheard_of", "detail": "it fell"}, 500), "it fell; its log says more"),
        (Told.json({"code": "error", "detail": "it fell"}, 500), "it fell; its log says more"),
    ],
)
def test_what_does_not_answer_as_netraven_is_told_in_a_sentence(
    away: Placed, answer: Told, told: str
) -> None:
    with odd_server([answer]) as odd:
        away = Placed(away.home, NETRAVEN_SERVER=odd.url, NETRAVEN_TOKEN="nrv_x")
        shown = away.run("device", "list")

    assert shown.exit_code == STORAGE, shown.text
    assert told in shown.err
    assert len(odd.asked) == 1


def test_a_server_of_another_version_is_told_once(away: Placed) -> None:
    other = Told.json(EMPTY, X_NetRaven_Version="9.9.9")
    with odd_server([other]) as odd:
        away = Placed(away.home, NETRAVEN_SERVER=odd.url, NETRAVEN_TOKEN="nrv_x")
        shown = away.run("device", "list", "--tag", "no-such")

    assert shown.err.count("The server is NetRaven 9.9.9") == 1


def test_a_request_that_came_too_soon_is_sent_again_when_it_may(away: Placed) -> None:
    later = Told.json({"code": "too_many_requests", "detail": "x"}, 429, Retry_After="0")
    with odd_server([later, Told.json(EMPTY)]) as odd:
        away = Placed(away.home, NETRAVEN_SERVER=odd.url, NETRAVEN_TOKEN="nrv_x")
        shown = away.ok("device", "list")

    assert "No devices yet" in shown.out
    assert [path.partition("?")[0] for _, path, _ in odd.asked[:2]] == ["/api/v1/devices"] * 2


def test_a_run_that_is_watched_is_taken_up_where_its_stream_broke(away: Placed) -> None:
    run_id = "01a20a40-c0f7-79c7-85c4-c656fd0fa265"
    moment = "2026-11-23T12:00:00Z"
    run: dict[str, object] = {
        **dict.fromkeys(("reason", "result_message", "device_id", "device_hostname"), None),
        "id": run_id,
        "job_type": "verify",
        "status": "succeeded",
        "job_data": {},
        "start_time": moment,
        "end_time": moment,
        "created_at": moment,
        "actor_name": "ana",
        "attempts": 1,
        "cancel_requested_at": None,
    }
    event = "id: {}\nevent: {}\ndata: {}\n\n"
    progress = event.format("7-0-a", "progress", json.dumps({"by_status": {}, "total": 0}))
    end = event.format("8-0-a", "end", json.dumps(run))
    answers = [Told.json(run), Told.json(EMPTY), Told(progress), Told.json(run), Told(end)]
    with odd_server([*answers, Told.json(run), Told.json(EMPTY)]) as odd:
        away = Placed(away.home, NETRAVEN_SERVER=odd.url, NETRAVEN_TOKEN="nrv_x")
        shown = away.run("run", "watch", run_id)

    followed = [headers for _, path, headers in odd.asked if path.endswith("/events")]
    assert [headers.get("last-event-id") for headers in followed] == [None, "7-0-a"]
    assert shown.exit_code == 0, shown.text
    assert "succeeded" in shown.out


def test_a_server_proves_who_it_is(tmp_path: Path, home_template: Path) -> None:
    certificate, key = signed_by_itself(tmp_path)
    home = copied(home_template, tmp_path / "home")
    token = furnish(Placed(home))
    tls = {"NETRAVEN_TLS_CERTIFICATE": str(certificate), "NETRAVEN_TLS_KEY": str(key)}
    with served(home, **tls) as url:
        away = Placed(tmp_path / "away", NETRAVEN_SERVER=url, NETRAVEN_TOKEN=token)
        trusted = away.run("--server-ca", certificate, "device", "list", "--json")
        stranger = away.run("device", "list")
        absent = away.run("--server-ca", tmp_path / "none.pem", "device", "list")
        broken = away.run("--server-ca", home / "keyring", "device", "list")

    assert trusted.json["total"] == 3
    assert stranger.exit_code == STORAGE
    assert "name its authority by --server-ca FILE" in stranger.err
    assert (absent.exit_code, broken.exit_code) == (USAGE, USAGE)
    assert "holds no certificate in PEM form" in broken.err


def signed_by_itself(place: Path) -> tuple[Path, Path]:
    """Return the files of a certificate for this machine and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(ip_address("127.0.0.1"))
    now = clock.now()
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = place / "server.pem", place / "server.key"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    pem = serialization.Encoding.PEM
    files[1].write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    return files
