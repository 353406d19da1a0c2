from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import replace

import asyncssh
import pytest

from netraven.collect.gate import LoginHistory, LoginPolicy, SweepGate
from netraven.collect.limits import Limits
from netraven.collect.pacing import LoginGate, Verdict
from netraven.collect.sweep import Outcome, Request, SweepLimits, sweep
from netraven.collect.target import Login, Target
from netraven.errors import (
    DeviceTimeout,
    LoginPostponed,
    LoginRefused,
    LoginWithheld,
    SessionLost,
    Unreachable,
)
from netraven.platforms.cisco_ios import CISCO_IOS
from tests.collect.peers import (
    HOST,
    LOGIN,
    PASSWORD,
    WRONG,
    Device,
    say_nothing,
    tcp_server,
)

PATIENT = Limits(connect_s=60, idle_s=60, deadline_s=120)
QUICK = SweepLimits(unheard_s=0.2, silence_s=0.2, backoff_s=0.01)
FREE = LoginPolicy(rate_per_minute=0)


def request(
    target: Target,
    *logins: Login,
    limits: Limits = PATIENT,
    site: str | None = None,
) -> Request:
    return Request(
        target=target, logins=logins or (LOGIN,), platform=CISCO_IOS, limits=limits, site=site
    )


def silent(port: int, name: str = "dead", *, limits: Limits = PATIENT) -> Request:
    target = Target(device_id=name, hostname=name, address=HOST, port=port)
    return request(target, limits=limits)


@contextlib.asynccontextmanager
async def silence_until(over: asyncio.Event) -> AsyncIterator[int]:
    """Give the port of a server that says nothing, and hangs up when it is over."""

    async def answer(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await over.wait()

    async with tcp_server(answer) as port:
        yield port


async def outcomes_of(
    requests: Iterable[Request],
    limits: SweepLimits = QUICK,
    *,
    gate: LoginGate | None = None,
) -> dict[str, Outcome]:
    found = [outcome async for outcome in sweep(requests, limits, gate=gate)]
    by_device = {outcome.device_id: outcome for outcome in found}
    assert len(by_device) == len(found)
    return by_device


async def test_no_request_makes_no_outcome() -> None:
    assert await outcomes_of([]) == {}


async def test_each_request_gets_one_outcome() -> None:
    async with Device().served() as device:
        requests = [request(device.target(f"r{number}")) for number in range(30)]
        outcomes = await outcomes_of(requests, replace(QUICK, concurrency=7))

    assert sorted(outcomes) == sorted(f"r{number}" for number in range(30))
    for outcome in outcomes.values():
        assert outcome.capture is not None
        assert outcome.attempts == 1
        assert [(login.credential, login.verdict) for login in outcome.logins] == [
            ("lab", Verdict.ACCEPTED)
        ]


async def test_never_more_sessions_than_places() -> None:
    talking = 0
    at_once: list[int] = []

    async def talk(stdin: asyncssh.SSHReader[bytes], stdout: asyncssh.SSHWriter[bytes]) -> None:
        nonlocal talking
        talking += 1
        at_once.append(talking)
        await device.command_line(stdin, stdout)
        talking -= 1

    async with Device(talk=talk).served() as device:
        requests = [request(device.target(f"r{number}")) for number in range(20)]
        await outcomes_of(requests, SweepLimits(concurrency=3, slow_lane=0))

    assert max(at_once) <= 3


async def test_a_silent_device_leaves_its_place_to_the_others() -> None:
    living_done = asyncio.Event()

    async with Device().served() as device, silence_until(living_done) as port:
        living = [request(device.target(f"r{number}")) for number in range(5)]
        limits = replace(QUICK, concurrency=1, attempts=1)
        order = []
        async for outcome in sweep([silent(port), *living], limits):
            order.append(outcome.device_id)
            if len(order) == len(living):
                living_done.set()

    assert order[-1] == "dead"


async def test_it_is_told_at_once_that_only_the_last_devices_are_under_way() -> None:
    told = asyncio.Event()
    async with Device().served() as device, silence_until(told) as port:
        living = [request(device.target(f"r{number}")) for number in range(3)]
        limits = replace(QUICK, concurrency=2, attempts=1)
        swept = sweep([silent(port), *living], limits, on_all_begun=told.set)
        outcomes = [outcome async for outcome in swept]

    assert len(outcomes) == 4


async def test_a_device_that_trickles_leaves_its_place_too() -> None:
    finished = asyncio.Event()

    async def trickle(stdin: asyncssh.SSHReader[bytes], stdout: asyncssh.SSHWriter[bytes]) -> None:
        while not finished.is_set():
            stdout.write(b".")
            await asyncio.sleep(0.02)
        await tarpit.command_line(stdin, stdout)

    async with Device(talk=trickle).served() as tarpit, Device().served() as device:
        living = [request(device.target(f"r{number}")) for number in range(5)]
        limits = SweepLimits(concurrency=1, long_s=0.3)
        order = []
        async for outcome in sweep([request(tarpit.target("pit")), *living], limits):
            order.append(outcome.device_id)
            if len(order) == len(living):
                finished.set()

    assert order[-1] == "pit"


async def test_a_slow_lane_that_is_full_keeps_a_silent_device_where_it_is() -> None:
    async with Device().served() as device, tcp_server(say_nothing) as port:
        limits = replace(QUICK, concurrency=1, slow_lane=1, attempts=1)
        impatient = replace(PATIENT, connect_s=1.5)
        requests = [
            silent(port, "dead-1", limits=impatient),
            silent(port, "dead-2", limits=impatient),
            request(device.target("r1")),
        ]
        outcomes = await outcomes_of(requests, limits)

    assert isinstance(outcomes["dead-1"].error, DeviceTimeout)
    assert isinstance(outcomes["dead-2"].error, DeviceTimeout)
    assert outcomes["r1"].capture is not None


async def test_a_dead_device_ends_at_its_deadline_with_all_its_attempts() -> None:
    async with tcp_server(say_nothing) as port:
        limits = Limits(connect_s=0.2, idle_s=5, deadline_s=2.0)
        outcomes = await outcomes_of([silent(port, limits=limits)], replace(QUICK, attempts=100))

    outcome = outcomes["dead"]
    assert isinstance(outcome.error, DeviceTimeout)
    assert 1 < outcome.attempts < 100
    assert outcome.error.report is not None


async def test_a_full_site_does_not_hold_up_the_others() -> None:
    others_done = asyncio.Event()

    async def wait_first(
        stdin: asyncssh.SSHReader[bytes], stdout: asyncssh.SSHWriter[bytes]
    ) -> None:
        await others_done.wait()
        await slow.command_line(stdin, stdout)

    async with Device(talk=wait_first).served() as slow, Device().served() as quick:
        small = [request(slow.target(f"s{number}"), site="small") for number in range(4)]
        large = [request(quick.target(f"l{number}"), site="large") for number in range(8)]
        limits = SweepLimits(concurrency=4, per_site=1, slow_lane=0)
        order = []
        async for outcome in sweep([*small, *large], limits):
            order.append(outcome.device_id)
            if len(order) == len(large):
                others_done.set()

    assert {name[0] for name in order[:8]} == {"l"}
    assert len(order) == 12


async def test_requests_are_drawn_as_places_become_free() -> None:
    drawn = itertools.count()
    last = 0

    def endless(device: Device) -> Iterator[Request]:
        nonlocal last
        for last in drawn:
            yield request(device.target(f"r{last}"))

    async with Device().served() as device:
        running = sweep(endless(device), SweepLimits(concurrency=3))
        async with contextlib.aclosing(running):
            for _ in range(10):
                await anext(running)
        drawn_in_the_end = last

    assert drawn_in_the_end < 10 + 3 * 8


async def test_outcomes_that_nobody_takes_stop_the_sweep_from_going_on() -> None:
    async with Device().served() as device:
        requests = (request(device.target(f"r{number}")) for number in range(100))
        running = sweep(requests, SweepLimits(concurrency=2))
        await anext(running)
        await asyncio.sleep(0.5)
        seen_while_waiting = device.seen.connections
        rest = [outcome async for outcome in running]

    assert seen_while_waiting <= 1 + 2 + 2 + 1
    assert len(rest) == 99


async def test_a_connection_that_fails_early_is_tried_again() -> None:
    attempts = itertools.count()

    async def moody(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if next(attempts) == 0:
            return
        there, back = await asyncio.open_connection(HOST, device.port)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                sink.write(data)
            sink.close()

        await asyncio.gather(pump(reader, back), pump(there, writer))

    async with Device().served() as device, tcp_server(moody) as port:
        outcomes = await outcomes_of([silent(port, "r1")])

    assert outcomes["r1"].capture is not None
    assert outcomes["r1"].attempts == 2


async def test_a_closed_port_is_tried_as_often_as_allowed() -> None:
    async with tcp_server(say_nothing) as port:
        pass

    outcomes = await outcomes_of([silent(port)], replace(QUICK, attempts=3))

    assert isinstance(outcomes["dead"].error, Unreachable)
    assert outcomes["dead"].attempts == 3


async def test_a_refused_login_is_never_tried_again() -> None:
    async with Device().served() as device:
        outcomes = await outcomes_of([request(device.target(), WRONG)])

    assert isinstance(outcomes["r1"].error, LoginRefused)
    assert outcomes["r1"].attempts == 1
    assert outcomes["r1"].logins[0].verdict is Verdict.REFUSED
    assert device.seen.secrets == [("backup", "last-year")]


async def test_a_connection_lost_after_the_secret_was_shown_is_not_tried_again() -> None:
    async with Device(hangs_up_on_refusal=True).served() as device:
        outcomes = await outcomes_of([request(device.target(), WRONG)])

    assert isinstance(outcomes["r1"].error, SessionLost)
    assert outcomes["r1"].attempts == 1
    assert outcomes["r1"].logins[0].verdict is Verdict.UNKNOWN
    assert len(device.seen.secrets) == 1


async def test_a_wrong_password_reaches_two_devices_of_a_fleet() -> None:
    async with Device().served() as device:
        requests = [request(device.target(f"r{number}"), WRONG) for number in range(60)]
        outcomes = await outcomes_of(requests, gate=SweepGate(FREE))

    assert len(device.seen.secrets) == 2
    refused = [name for name, one in outcomes.items() if type(one.error) is LoginRefused]
    withheld = [one.error for one in outcomes.values() if isinstance(one.error, LoginWithheld)]
    assert len(refused) == 2
    assert len(withheld) == 58
    assert "no usable login: credential old is frozen" in str(withheld[0])
    freezes = [freeze for one in outcomes.values() for freeze in one.freezes]
    assert [freeze.credential for freeze in freezes] == ["old"]


async def test_where_the_first_login_is_frozen_the_next_one_is_used() -> None:
    gate = SweepGate(FREE, LoginHistory(frozen={"old": "refused by a and b"}))

    async with Device().served() as device:
        requests = [request(device.target(f"r{number}"), WRONG, LOGIN) for number in range(20)]
        outcomes = await outcomes_of(requests, gate=gate)

    assert all(one.capture is not None for one in outcomes.values())
    assert {password for _, password in device.seen.secrets} == {PASSWORD}


async def test_two_secrets_at_most_are_under_way_until_one_is_accepted() -> None:
    all_connected = asyncio.Event()
    under_way: list[int] = []

    async def before_auth() -> None:
        if device.seen.auth_begun == 10:
            all_connected.set()
        await all_connected.wait()

    async def before_verdict() -> None:
        under_way.append(len(device.seen.secrets) - len(under_way))

    device = Device(before_auth=before_auth, before_verdict=before_verdict)
    async with device.served():
        requests = [request(device.target(f"r{number}")) for number in range(10)]
        outcomes = await outcomes_of(requests, gate=SweepGate(FREE))

    assert under_way[0] <= 2
    assert all(one.capture is not None for one in outcomes.values())


async def test_devices_that_hang_before_the_login_hold_up_nobody() -> None:
    living_done = asyncio.Event()

    async with Device().served() as device, silence_until(living_done) as port:
        dead = [silent(port, f"dead-{number}") for number in range(20)]
        living = [request(device.target(f"r{number}")) for number in range(10)]
        limits = replace(QUICK, concurrency=10, slow_lane=40, attempts=1)
        order: list[str] = []
        async for outcome in sweep([*dead, *living], limits, gate=SweepGate(FREE)):
            order.append(outcome.device_id[0])
            if len(order) == len(living):
                living_done.set()

    assert order == ["r"] * 10 + ["d"] * 20


async def test_devices_that_hang_in_the_login_send_the_others_away_in_the_end() -> None:
    policy = LoginPolicy(rate_per_minute=0, patience_s=0.2)
    limits = Limits(connect_s=60, idle_s=60, deadline_s=4)

    async def never() -> None:
        await asyncio.Event().wait()

    async with Device(before_verdict=never).served() as device:
        requests = [request(device.target(f"r{number}"), limits=limits) for number in range(6)]
        outcomes = await outcomes_of(requests, gate=SweepGate(policy))

    errors = [one.error for one in outcomes.values()]
    assert len(device.seen.secrets) == 2
    assert all(isinstance(error, DeviceTimeout | LoginPostponed) for error in errors)
    assert sum(isinstance(error, LoginPostponed) for error in errors) >= 2
    assert "no device has taken it yet" in "".join(str(error) for error in errors)


async def test_after_a_refusal_the_fleet_is_asked_slowly_and_completely() -> None:
    policy = LoginPolicy(rate_per_minute=60)
    gate = SweepGate(policy, LoginHistory(refused_ago_s={LOGIN.domain: 1}))
    begun_at_s = asyncio.get_running_loop().time()

    async with Device().served() as device:
        requests = [request(device.target(f"r{number}")) for number in range(62)]
        outcomes = await outcomes_of(requests, gate=gate)
    took_s = asyncio.get_running_loop().time() - begun_at_s

    assert all(one.capture is not None for one in outcomes.values())
    assert took_s >= 1.8


async def test_a_stop_cuts_off_what_is_under_way_and_accounts_for_everything() -> None:
    stop, hanging = asyncio.Event(), asyncio.Event()

    async def hang(stdin: asyncssh.SSHReader[bytes], _: asyncssh.SSHWriter[bytes]) -> None:
        hanging.set()
        await stdin.read()

    async with Device().served() as device, Device(talk=hang).served() as stuck:
        requests = [
            *(request(device.target(f"done-{number}")) for number in range(3)),
            *(request(stuck.target(f"stuck-{number}")) for number in range(10)),
            *(request(device.target(f"later-{number}")) for number in range(500)),
        ]
        outcomes = {}
        async for outcome in sweep(requests, SweepLimits(concurrency=4, slow_lane=0), stop=stop):
            outcomes[outcome.device_id] = outcome
            if len(outcomes) == 3:
                await hanging.wait()
                stop.set()
        await asyncio.wait_for(stuck.seen.closed.wait(), timeout=20)

    assert len(outcomes) == 513
    assert all(outcomes[f"done-{number}"].capture is not None for number in range(3))
    assert all(outcomes[f"stuck-{number}"].is_left_over for number in range(10))
    assert all(outcomes[f"later-{number}"].is_left_over for number in range(500))
    assert outcomes["later-0"].attempts == 0


async def test_a_stop_before_the_start_dials_nobody() -> None:
    stop = asyncio.Event()
    stop.set()

    async with Device().served() as device:
        requests = [request(device.target(f"r{number}")) for number in range(5)]
        outcomes = [outcome async for outcome in sweep(requests, QUICK, stop=stop)]

    assert len(outcomes) == 5
    assert all(outcome.is_left_over for outcome in outcomes)
    assert device.seen.connections == 0


async def test_leaving_the_iteration_closes_every_connection() -> None:
    hanging = asyncio.Event()

    async def hang(stdin: asyncssh.SSHReader[bytes], _: asyncssh.SSHWriter[bytes]) -> None:
        hanging.set()
        await stdin.read()

    async with Device().served() as device, Device(talk=hang).served() as stuck:
        requests = [
            request(stuck.target("stuck")),
            *(request(device.target(f"r{number}")) for number in range(3)),
        ]
        running = sweep(requests, QUICK)
        async with contextlib.aclosing(running):
            await anext(running)
            await hanging.wait()
        await asyncio.wait_for(stuck.seen.closed.wait(), timeout=20)


async def test_a_cancelled_sweep_closes_every_connection() -> None:
    hanging = asyncio.Event()

    async def hang(stdin: asyncssh.SSHReader[bytes], _: asyncssh.SSHWriter[bytes]) -> None:
        hanging.set()
        await stdin.read()

    async with Device(talk=hang).served() as stuck:
        work = asyncio.create_task(outcomes_of([request(stuck.target("stuck"))]))
        await hanging.wait()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        await asyncio.wait_for(stuck.seen.closed.wait(), timeout=20)


async def test_an_error_of_the_requests_is_raised_as_it_is() -> None:
    def failing(device: Device) -> Iterator[Request]:
        yield request(device.target())
        raise LookupError("the list of devices broke off")

    async with Device().served() as device:
        with pytest.raises(LookupError, match="broke off"):
            await outcomes_of(failing(device))
