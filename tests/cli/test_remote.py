"""The program at work on a server: the same commands, the same output, the same exit codes."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from netraven.lab import Fleet, run_in_thread
from tests.cli.laboratory import PASSWORD, inventory, spec
from tests.cli.twins import Placed, Twins, answered, comparable, copied, furnish, served


@contextmanager
def made_twins(
    place: Path, template: Path, serve: Callable[[Path], AbstractContextManager[str]]
) -> Iterator[Twins]:
    """Yield one installation twice; what changes the one is done to the other too."""
    home = copied(template, place / "here")
    here = Placed(home)
    token = furnish(here)
    copied(home, place / "there")
    with serve(place / "there") as url:
        there = Placed(place / "nobody", NETRAVEN_SERVER=url, NETRAVEN_TOKEN=token)
        yield Twins(here, there)


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory, home_template: Path) -> Iterator[Twins]:
    """Return twins of which one is asked by HTTP."""
    with made_twins(tmp_path_factory.mktemp("twins"), home_template, answered) as both:
        yield both


@pytest.fixture
def twins_at_work(tmp_path: Path, home_template: Path) -> Iterator[Twins]:
    """Return twins of which one is `netraven serve`, which works on runs too."""
    with made_twins(tmp_path, home_template, served) as both:
        yield both


READING = [
    "device list",
    "device list --json",
    "device list --search core-1 --site Oslo --tag lab --platform ios --enabled",
    "device list --limit 1",
    "device list --limit 1 --skip 1 --json",
    "device list --search nothing",
    "device show core-0",
    "device show CORE-1 --json",
    "device show nobody",
    "device hostkey show core-0",
    "device hostkey show core-0 --json",
    "device hostkey show core-1",
    "tag list",
    "tag list --search la --json",
    "rule list",
    "rule list --tag lab --json",
    "rule show cores",
    "rule show cores --json",
    "rule test cores",
    "rule test --where 'site equals Oslo' --json",
    "rule show no-such",
    "credential list",
    "credential list --json",
    "user list",
    "user list --role admin --json",
    "user show ana",
    "user show ANA@example.com --json",
    "setting list",
    "setting list --category system --json",
    "setting show system.jobs.device_deadline_seconds",
    "setting show system.jobs.device_deadline_seconds --json",
    "setting show no.such",
    "audit list --limit 5",
    "audit list --name device_created --json",
    "audit show 3",
    "audit show 3 --json",
    "audit show 99999",
    "audit verify",
    "audit verify --from 4 --json",
    "backup list",
    "backup list core-1 --json",
    "backup list --status quarantined",
    "backup list core-0 --pinned",
    "backup show core-0",
    "backup show core-0@1 --json",
    "backup show core-1",
    "backup show core-1 --json",
    "backup show core-1@quarantined",
    "backup show core-0@9",
    "backup show core-0@oldest",
    "backup show core-0 --unsealed --reason 'a test' --output -",
    "backup show core-0 --unsealed",
    "backup diff core-0",
    "backup diff core-0 --volatile --context 0 --json",
    "backup diff core-1",
    "backup diff core-0@1 core-2",
    "backup diff core-2",
    "backup why core-1",
    "backup why core-1 --transcript",
    "backup why core-1 --json",
    "backup why core-0",
    "schedule list",
    "schedule list --type backup --json",
    "schedule show nightly",
    "schedule show nightly --json",
    "schedule show no-such",
    "schedule next '0 3 * * mon'",
    "blackout list",
    "blackout list --json",
    "blackout show fair",
    "blackout show fair --json",
    "run list",
    "run list --json",
    "run show",
    "run logs no-such",
    "search 'ntp server'",
    "search 'ntp server' --json",
    "search --regex 'ntp .* 10' --context 1 --device core-0 --device core-1",
    "search --count ntp --tag lab --platform cisco_ios",
    "search ntp --limit 2",
    "search ntp --at 8d",
    "search ntp --at 30d",
    "search 'no such line at all'",
    "search '(' --regex",
    "search --words --regex a",
    "biography 'ntp server 10.0.0.1'",
    "biography 'ntp server 10.0.0.9' --json",
    "biography nothing",
    "blame core-0",
    "blame core-0 --version 1 --json",
    "blame core-1 --version 3",
    "changes --since 24h",
    "changes --since 24h --tag lab --json",
    "changes --since 1s",
    "history status",
    "history status --json",
    "platform list",
    "platform list ios junos --full",
    "platform list --json",
    "platform list cisco_oops",
]

CHANGING = [
    "tag add red --description 'the red ones'",
    "tag add red",
    "tag assign red core-0 core-1",
    "tag assign red core-0 core-2 --json",
    "tag unassign red core-1",
    "tag unassign default core-1",
    "device add new-1 192.0.2.77 --platform ios --tag red --site Bergen --json",
    "device add new-1 192.0.2.78 --platform ios",
    "device add new-2 '' --platform ios",
    "device add new-2 192.0.2.1 --platform no-such",
    "device update new-1 --description text --port 2222",
    "device update new-1 --telnet --credential ops --jump core-0 --json",
    "device update new-1 --description '' --disable",
    "device update no-such --disable",
    "device hostkey accept core-0 --yes",
    "device hostkey accept core-1 --yes",
    "device delete new-1 --yes",
    "device delete new-1",
    "rule add oslo --tag red --where 'site equals Oslo'",
    "rule apply oslo",
    "rule apply --all --json",
    "rule disable oslo",
    "rule enable oslo",
    "rule delete oslo --yes",
    "rule add wrong --tag red --where 'hostname regex ('",
    "credential add new --username root --password-stdin",
    "credential update new --username admin --tag red:5 --json",
    "credential delete new --yes",
    "user add bea --email bea@example.com --role operator --tag red --password-stdin",
    "user add bob --email bob@example.com --role wizard --password-stdin",
    "user update bea --full-name 'Bea B.' --no-tags --json",
    "user password bea --password-stdin",
    "user link bea --oidc https://id.example.com --subject 248289761001",
    "user link bea --ldap --subject 'uid=bea, ou=people' --json",
    "user link bea --subject x",
    "user password bea --password-stdin",
    "user unlink bea --yes",
    "user unlink bea --yes",
    "user delete bea --yes",
    "setting set system.jobs.device_deadline_seconds 200",
    "setting set system.jobs.device_deadline_seconds never",
    "setting set notification.email.smtp_password --value-stdin",
    "setting reset system.jobs.device_deadline_seconds",
    "setting reset --all --yes --json",
    "backup pin core-0@1",
    "backup delete core-0@1 --yes",
    "backup unpin core-0@1",
    "backup delete core-0@1 --yes --json",
    "backup accept core-1 --reason 'it is whole'",
    "backup accept core-2 --reason 'it is whole'",
    "schedule add weekly --at 04:00 --weekday mon --device core-0 --json",
    "schedule change weekly --cron '0 5 * * 1' --name monthly",
    "schedule disable monthly",
    "schedule enable monthly",
    "schedule delete monthly --yes",
    "schedule add bad --cron 'a b c'",
    "blackout add storm --tag lab --starts 2031-01-01T00:00 --ends 2031-01-02T00:00",
    "blackout add storm --tag lab --from 01:00 --until 02:00",
    "blackout delete storm --yes",
]


RUNNING = [
    "device add dead-1 127.0.0.1 --port 1 --platform ios",
    "run start reachability dead-1 lab-1 --json",
    "run show",
    "run logs",
    "run logs --level error --json",
    "run list --device dead-1",
    "run watch",
    "run retry",
    "run cancel",
    "run start command lab-1 --command 'show version'",
    "run answers",
    "run answers --device lab-1 --json",
    "backup run lab-1 --json",
    "backup list lab-1",
    "run start retention",
    "run start retention lab-1",
    "run start backup --all --set deadline_seconds=0",
    "backup run",
    "backup run nobody",
    "backup run --all lab-1",
]


def words(command: str) -> list[str]:
    return shlex.split(command)


@pytest.mark.parametrize("command", READING)
def test_what_is_shown_is_the_same(twins: Twins, command: str) -> None:
    here, there = twins.run(*words(command))

    assert comparable(there) == comparable(here)


@pytest.mark.long
def test_what_changes_is_the_same_step_by_step(twins: Twins) -> None:
    for command in CHANGING:
        here, there = twins.run(*words(command), stdin="Correct-horse-8\n")

        assert comparable(there) == comparable(here), command


@pytest.mark.long
def test_runs_are_begun_followed_and_told_alike(twins_at_work: Twins) -> None:
    twins = twins_at_work
    with run_in_thread(Fleet([spec("lab-1")], shares_host_key=True)) as fleet:
        login = ("credential", "add", "login", "--username", "netraven", "--tag", "default")
        for arguments, stdin in (
            (("device", "import", "-"), inventory(fleet)),
            ((*login, "--password-stdin"), f"{PASSWORD}\n"),
        ):
            here, there = twins.run(*arguments, stdin=stdin)
            assert comparable(there) == comparable(here)
        for command in RUNNING:
            here, there = twins.run(*words(command))

            assert comparable(there) == comparable(here), command
