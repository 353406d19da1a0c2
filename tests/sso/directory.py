"""Debian's slapd as a process of its own, with a few people and groups in it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from netraven.db.enums import Role
from netraven.schemas.sso import LdapSetup
from tests.sso.authority import Authority

BASE = "dc=example,dc=com"
PEOPLE = f"ou=people,{BASE}"
GROUPS = f"ou=groups,{BASE}"
SEARCHER = f"cn=search,{BASE}"
SEARCHERS_PASSWORD = "look-but-do-not-touch "
ROLES = {f"cn=NetOps,{GROUPS}": Role.OPERATOR, f"CN=admins, {GROUPS}": Role.ADMIN}

_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_SCHEMAS = Path("/etc/ldap/schema")
_MODULES = Path("/usr/lib/ldap")
_WAIT_S = 30

_CONFIGURATION = """
include {schemas}/core.schema
include {schemas}/cosine.schema
include {schemas}/inetorgperson.schema
include {schemas}/nis.schema
modulepath {modules}
moduleload back_mdb
moduleload memberof
TLSCACertificateFile {authority}
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
pidfile {folder}/slapd.pid
database mdb
suffix "{base}"
directory {folder}
maxsize 16777216
overlay memberof
access to attrs=userPassword by anonymous auth by * none
access to * by dn.base="{searcher}" read by anonymous auth by * none
"""

_ENTRIES = f"""
dn: {BASE}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: {SEARCHER}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: search
userPassword:: bG9vay1idXQtZG8tbm90LXRvdWNoIA==

dn: {PEOPLE}
objectClass: organizationalUnit
ou: people

dn: ou=former,{PEOPLE}
objectClass: organizationalUnit
ou: former

dn: {GROUPS}
objectClass: organizationalUnit
ou: groups
"""


@dataclass(frozen=True)
class Directory:
    """A running server, by its two ways in."""

    ldap: str
    ldaps: str
    authority: Authority

    def setup(self, **changed: object) -> LdapSetup:
        """Return how NetRaven is set up for it, but for what is given."""
        wanted: dict[str, Any] = {
            "urls": (self.ldaps,),
            "allows_cleartext": False,
            "bind_dn": SEARCHER,
            "bind_password": SecretStr(SEARCHERS_PASSWORD),
            "user_base": PEOPLE,
            "user_filter": "(objectClass=person)",
            "username_attribute": "uid",
            "email_attribute": "mail",
            "name_attribute": "cn",
            "group_attribute": "",
            "group_base": GROUPS,
            "group_filter": "(objectClass=groupOfNames)",
            "member_attribute": "member",
            "roles": ROLES,
            "ca_certificates": self.authority.pem,
        }
        return LdapSetup(**{**wanted, **changed})


def why_absent() -> str | None:
    """Return why no directory can run here, None where one can."""
    if shutil.which("slapd", path=_PATH) is None or not _SCHEMAS.exists():
        return "no slapd takes part: `apt-get install slapd` (as root) brings it"
    return None


def version() -> str:
    """Return which slapd takes part."""
    program = str(shutil.which("slapd", path=_PATH))
    told = subprocess.run([program, "-VV"], capture_output=True, text=True, check=False)
    return f"slapd {(told.stderr + told.stdout).split('slapd ')[1].split()[0]}"


@contextmanager
def running_directory(folder: Path, authority: Authority) -> Iterator[Directory]:
    """Yield a directory on this machine, and end it after."""
    program = str(shutil.which("slapd", path=_PATH))
    shown = authority.certify("localhost")
    configuration = folder / "slapd.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            schemas=_SCHEMAS,
            modules=_MODULES,
            authority=authority.file,
            certificate=shown.certificate,
            key=shown.key,
            folder=folder,
            base=BASE,
            searcher=SEARCHER,
        )
    )
    _load(program, configuration, _ENTRIES + "".join(_people()) + "".join(_groups()))
    ports = (_free_port(), _free_port())
    ways = (f"ldap://localhost:{ports[0]}", f"ldaps://localhost:{ports[1]}")
    process = subprocess.Popen(
        [program, "-h", " ".join(ways), "-f", str(configuration), "-d", "0"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for port in ports:
            _wait_for(port, process)
        yield Directory(*ways, authority)
    finally:
        process.terminate()
        process.wait(_WAIT_S)


def _people() -> Iterator[str]:
    # The overlay tells memberOf of what is changed while it runs; this was loaded before.
    yield _person("ana", "Ana Gómez", mail="ana@example.com") + f"memberOf: cn=netops,{GROUPS}\n"
    yield _person("eva", "Eva Stein", mail="eva@example.com")
    yield _person("otto", "Otto Without", mail="otto@example.com")
    yield _person("star*man", "Star (Man)", mail=None)
    yield _person("twin", "Twin", mail=None)
    yield _person("twin", "Twin", mail=None, below=f"ou=former,{PEOPLE}")


def _person(uid: str, name: str, *, mail: str | None, below: str = PEOPLE) -> str:
    address = f"mail: {mail}\n" if mail else ""
    family = name.rsplit(maxsplit=1)[-1]
    return (
        f"\ndn: uid={uid},{below}\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {name}\n"
        f"sn: {family}\n{address}userPassword: {password_of(uid)}\n"
    )


def password_of(uid: str) -> str:
    """Return the password that a person has in the directory."""
    return f"{uid}'s wörd"


def _groups() -> Iterator[str]:
    members = {"netops": ("ana", "eva", "star*man"), "admins": ("eva",), "cooks": ("otto",)}
    for group, people in members.items():
        lines = "".join(f"member: uid={uid},{PEOPLE}\n" for uid in people)
        yield f"\ndn: cn={group},{GROUPS}\nobjectClass: groupOfNames\ncn: {group}\n{lines}"
    unix = "objectClass: posixGroup\ncn: unix\ngidNumber: 500\nmemberUid: ana\n"
    yield f"\ndn: cn=unix,{GROUPS}\n{unix}"


def _load(program: str, configuration: Path, entries: str) -> None:
    # slapd under another name adds entries to a database at rest.
    subprocess.run(
        [program, "-T", "add", "-f", str(configuration)],
        input=entries.encode(),
        check=True,
        capture_output=True,
        timeout=_WAIT_S,
    )


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _WAIT_S
    while time.monotonic() < until:
        assert process.poll() is None, "slapd ended at once"
        try:
            socket.create_connection(("localhost", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"slapd does not listen on {port}")
