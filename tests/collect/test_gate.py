from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine

import pytest

from netraven.collect.gate import LoginHistory, LoginPolicy, SweepGate
from netraven.collect.pacing import Freeze, Verdict
from netraven.collect.target import Login
from netraven.errors import LoginPostponed, LoginWithheld
from tests.collect.clock import run_virtual

LAB = Login(name="lab", username="backup", password="x", aaa_domain="tacacs")
OLD = Login(name="old", username="backup", password="y", aaa_domain="tacacs")
ALONE = Login(name="alone", username="root", password="z")
CAREFUL = LoginPolicy(rate_per_minute=30)
UNLIMITED = LoginPolicy(rate_per_minute=0)


def virtual(test: Callable[[], Coroutine[None, None, None]]) -> Callable[[], None]:
    """Run a test on a clock that jumps, so that minutes cost nothing."""

    @functools.wraps(test)
    def run() -> None:
        run_virtual(test())

    return run


def time_s() -> float:
    return asyncio.get_running_loop().time()


async def is_waiting(admission: asyncio.Task[None]) -> bool:
    for _ in range(5):
        await asyncio.sleep(0)
    return not admission.done()


async def log_in(gate: SweepGate, device: str, login: Login, verdict: Verdict) -> Freeze | None:
    await gate.approach(device, login)
    await gate.admit(device, login)
    return gate.leave(device, login, verdict)


@virtual
async def test_an_unproven_credential_is_tried_on_two_devices_at_once() -> None:
    gate = SweepGate(UNLIMITED)
    await gate.admit("a", LAB)
    await gate.admit("b", LAB)

    third = asyncio.create_task(gate.admit("c", LAB))
    assert await is_waiting(third)

    gate.leave("a", LAB, Verdict.UNKNOWN)
    await third


@virtual
async def test_once_accepted_it_is_tried_on_all() -> None:
    gate = SweepGate(UNLIMITED)
    await gate.admit("a", LAB)
    others = [asyncio.create_task(gate.admit(str(n), LAB)) for n in range(100)]
    assert await is_waiting(others[-1])

    gate.leave("a", LAB, Verdict.ACCEPTED)

    await asyncio.gather(*others)


@virtual
async def test_credentials_wait_for_their_own_proof_only() -> None:
    gate = SweepGate(UNLIMITED)
    await gate.admit("a", LAB)
    await gate.admit("b", LAB)

    await gate.admit("c", OLD)

    assert time_s() == 0


@virtual
async def test_what_was_accepted_lately_needs_no_proof() -> None:
    gate = SweepGate(UNLIMITED, LoginHistory(accepted=frozenset({"lab"})))

    for device in "abcdef":
        await gate.admit(device, LAB)

    assert time_s() == 0


@virtual
async def test_another_process_can_bring_the_proof() -> None:
    gate = SweepGate(UNLIMITED)
    await gate.admit("a", LAB)
    await gate.admit("b", LAB)
    third = asyncio.create_task(gate.admit("c", LAB))
    assert await is_waiting(third)

    gate.accept("lab")

    await third


@virtual
async def test_a_refusal_ends_the_proof_and_takes_one_of_the_two_places() -> None:
    gate = SweepGate(UNLIMITED, LoginHistory(accepted=frozenset({"lab"})))
    await log_in(gate, "a", LAB, Verdict.REFUSED)
    await gate.admit("b", LAB)

    third = asyncio.create_task(gate.admit("c", LAB))

    assert await is_waiting(third)
    third.cancel()


@virtual
async def test_who_waits_too_long_for_the_proof_is_sent_away() -> None:
    gate = SweepGate(LoginPolicy(rate_per_minute=0, patience_s=20))
    await gate.admit("a", LAB)
    await gate.admit("b", LAB)
    begun_at_s = time_s()

    with pytest.raises(LoginPostponed) as caught:
        await gate.admit("c", LAB)

    assert time_s() - begun_at_s == pytest.approx(20)
    assert not caught.value.is_scheduled
    assert caught.value.retry_after_s > 0


@virtual
async def test_two_devices_in_a_row_freeze_a_credential_for_all() -> None:
    freezes: list[Freeze] = []
    gate = SweepGate(UNLIMITED, on_freeze=freezes.append)

    first = await log_in(gate, "a", LAB, Verdict.REFUSED)
    second = await log_in(gate, "b", LAB, Verdict.REFUSED)

    assert first is None
    assert second is not None
    assert freezes == [second]
    assert second.credential == "lab"
    assert second.domain == LAB.domain
    assert "a and b" in second.reason
    with pytest.raises(LoginWithheld, match="credential lab is frozen"):
        await gate.approach("c", LAB)
    await gate.approach("c", OLD)


@virtual
async def test_who_waits_at_the_gate_learns_of_the_freeze_at_once() -> None:
    gate = SweepGate(UNLIMITED)
    await gate.admit("a", LAB)
    await gate.admit("b", LAB)
    third = asyncio.create_task(gate.admit("c", LAB))
    assert await is_waiting(third)

    gate.leave("a", LAB, Verdict.REFUSED)
    gate.leave("b", LAB, Verdict.REFUSED)

    with pytest.raises(LoginWithheld):
        await third


@virtual
async def test_the_same_device_twice_is_not_two_devices() -> None:
    gate = SweepGate(LoginPolicy(rate_per_minute=0, max_auth_failures=20))

    assert await log_in(gate, "a", LAB, Verdict.REFUSED) is None
    assert await log_in(gate, "a", LAB, Verdict.REFUSED) is None


@virtual
async def test_an_acceptance_between_two_refusals_breaks_the_row() -> None:
    gate = SweepGate(UNLIMITED)

    await log_in(gate, "a", LAB, Verdict.REFUSED)
    await log_in(gate, "b", LAB, Verdict.ACCEPTED)

    assert await log_in(gate, "c", LAB, Verdict.REFUSED) is None
    assert await log_in(gate, "d", LAB, Verdict.REFUSED) is not None


@virtual
async def test_an_unanswered_login_breaks_no_row() -> None:
    gate = SweepGate(UNLIMITED)

    await log_in(gate, "a", LAB, Verdict.REFUSED)
    await log_in(gate, "b", LAB, Verdict.UNKNOWN)

    assert await log_in(gate, "c", LAB, Verdict.REFUSED) is not None


@virtual
async def test_a_freeze_from_elsewhere_holds_here() -> None:
    gate = SweepGate(UNLIMITED, LoginHistory(frozen={"old": "refused by x and y"}))
    gate.freeze("lab", "refused by p and q")

    with pytest.raises(LoginWithheld, match="p and q"):
        await gate.approach("a", LAB)
    with pytest.raises(LoginWithheld, match="x and y"):
        await gate.approach("a", OLD)


@virtual
async def test_a_device_that_refused_a_credential_often_is_left_alone_with_it() -> None:
    history = LoginHistory(refusals={("a", "lab"): 1})
    gate = SweepGate(LoginPolicy(max_auth_failures=2, rate_per_minute=0), history)

    await log_in(gate, "a", LAB, Verdict.REFUSED)

    with pytest.raises(LoginWithheld, match="refused 2 times within 30 minutes"):
        await gate.approach("a", LAB)
    await gate.approach("a", OLD)
    await gate.approach("b", LAB)


@virtual
async def test_without_a_refusal_the_rate_is_free() -> None:
    gate = SweepGate(CAREFUL, LoginHistory(accepted=frozenset({"lab"})))

    for device in range(1000):
        await log_in(gate, str(device), LAB, Verdict.ACCEPTED)

    assert time_s() == 0


@virtual
async def test_after_a_refusal_a_domain_gets_its_rate_and_no_more() -> None:
    gate = SweepGate(CAREFUL, LoginHistory(refused_ago_s={LAB.domain: 60}))
    begun = []

    async def visit(device: str, login: Login) -> None:
        while True:
            try:
                await log_in(gate, device, login, Verdict.ACCEPTED)
            except LoginPostponed as postponed:
                await asyncio.sleep(postponed.retry_after_s)
            else:
                begun.append(time_s())
                return

    async with asyncio.TaskGroup() as group:
        for number in range(150):
            group.create_task(visit(str(number), LAB if number % 2 else OLD))

    assert len([at_s for at_s in begun if at_s < 1]) == 30
    for start_s in range(0, 240, 10):
        within = [at_s for at_s in begun if start_s < at_s <= start_s + 60]
        assert len(within) <= 31
    assert max(begun) == pytest.approx(240, abs=5)


@virtual
async def test_other_domains_are_not_slowed_down() -> None:
    gate = SweepGate(CAREFUL, LoginHistory(refused_ago_s={LAB.domain: 60}))

    for device in range(100):
        await log_in(gate, str(device), ALONE, Verdict.ACCEPTED)

    assert time_s() == 0


@virtual
async def test_the_rate_is_free_again_when_the_refusal_is_old() -> None:
    policy = LoginPolicy(rate_per_minute=1, window_minutes=30)
    gate = SweepGate(policy, LoginHistory(refused_ago_s={LAB.domain: 30 * 60 - 10}))
    await log_in(gate, "a", LAB, Verdict.ACCEPTED)
    with pytest.raises(LoginPostponed):
        await gate.approach("b", LAB)

    await asyncio.sleep(10)

    for device in range(100):
        await log_in(gate, str(device), LAB, Verdict.ACCEPTED)


@virtual
async def test_a_turn_that_a_dead_device_did_not_use_goes_to_another() -> None:
    policy = LoginPolicy(rate_per_minute=1)
    gate = SweepGate(policy, LoginHistory(refused_ago_s={LAB.domain: 60}))

    for device in range(50):
        await gate.approach(str(device), LAB)
        gate.leave(str(device), LAB, Verdict.UNTRIED)

    await log_in(gate, "living", LAB, Verdict.ACCEPTED)
    assert time_s() < 60


@virtual
async def test_a_postponed_device_keeps_its_turn() -> None:
    policy = LoginPolicy(rate_per_minute=1)
    gate = SweepGate(policy, LoginHistory(refused_ago_s={LAB.domain: 60}))
    await gate.approach("a", LAB)
    with pytest.raises(LoginPostponed) as caught:
        await gate.approach("b", LAB)
    with pytest.raises(LoginPostponed):
        await gate.approach("c", LAB)

    await asyncio.sleep(caught.value.retry_after_s)

    await log_in(gate, "b", LAB, Verdict.ACCEPTED)


@virtual
async def test_a_login_cancelled_at_the_gate_leaves_no_trace() -> None:
    gate = SweepGate(UNLIMITED)
    await gate.admit("a", LAB)
    await gate.admit("b", LAB)
    third = asyncio.create_task(gate.admit("c", LAB))
    assert await is_waiting(third)

    third.cancel()
    gate.leave("c", LAB, Verdict.UNTRIED)
    gate.leave("a", LAB, Verdict.UNKNOWN)

    await gate.admit("d", LAB)
