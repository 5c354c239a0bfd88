"""The Gateway down, hanging, cutting off, refusing; in whole and in part."""

import asyncio
import time
from typing import Any

from tests.chaos.scenario import Trial, scenario
from tests.chaos.stand import CALL, CONCURRENCY, PROBES, SERVICES

OUTAGE = f"{SERVICES * CONCURRENCY} an outage: what all processes have under way"
PROBED = "one for each probe, which come at longer and longer intervals"
ANSWERS = "each call that the Gateway left without an answer, or answered 500: nobody but the Gateway knows"
REFUSED = "nothing: a refusal says that nothing was contributed"


@scenario("gateway-down", seconds=45, quick_seconds=8, bound=OUTAGE)
async def gateway_down(trial: Trial) -> None:
    """The Gateway stops listening and cuts off every call, for 5 seconds at a time; again and again."""
    ends = time.monotonic() + trial.seconds
    while time.monotonic() < ends:
        await asyncio.sleep(3)
        trial.may_leave_unknown(SERVICES * CONCURRENCY)
        await trial.stand.gateway.go_down()
        await asyncio.sleep(5)
        await trial.stand.gateway.listen()


def _outage(seconds: float, *, call: float) -> int:
    """What an outage may leave unknown in which the Gateway gives tokens, so that each probe is a contribution of
    `call` seconds: what was under way, and at most so many probes, each after half of a doubled wait.
    """
    probes, at = 0, 0.0
    while at < seconds:
        at += min(0.5 * 2**probes, PROBES) / 2 + call
        probes += 1
    return SERVICES * (CONCURRENCY + probes)


@scenario("gateway-hangs", seconds=30, quick_seconds=5, bound=f"{OUTAGE}, and {PROBED}", shows=frozenset({"hang"}))
async def gateway_hangs(trial: Trial) -> None:
    """The Gateway takes every call, contributes it and never answers."""
    await asyncio.sleep(2)
    trial.may_leave_unknown(_outage(trial.seconds, call=CALL))
    await _misbehaving(trial, hang=1.0)


@scenario("gateway-resets", seconds=20, bound=f"{OUTAGE}, and {PROBED}", shows=frozenset({"reset"}))
async def gateway_resets(trial: Trial) -> None:
    """The Gateway takes every call, contributes it and cuts the connection off."""
    await asyncio.sleep(2)
    trial.may_leave_unknown(_outage(trial.seconds, call=0))
    await _misbehaving(trial, reset=1.0)


@scenario("gateway-errs", seconds=20, bound=f"{OUTAGE}, and {PROBED}", shows=frozenset({"500"}))
async def gateway_errs(trial: Trial) -> None:
    """The Gateway answers every call with 500, whether it contributed it or not."""
    await asyncio.sleep(2)
    trial.may_leave_unknown(_outage(trial.seconds, call=0))
    await _misbehaving(trial, server_error=1.0)


@scenario("gateway-hangs-unread", seconds=20, bound=f"{OUTAGE}, and {PROBED}")
async def gateway_hangs_unread(trial: Trial) -> None:
    """The Gateway takes connections and reads nothing of any call, so that nothing is contributed."""
    await asyncio.sleep(2)
    trial.may_leave_unknown(_outage(trial.seconds, call=CALL))
    await _misbehaving(trial, unread_hang=1.0)


@scenario(
    "answers-in-bad-shape",
    seconds=20,
    quick_seconds=4,
    bound="nothing: the status arrives, whatever the rest is like",
    shows=frozenset({"cut_body", "too_short", "too_long"}),
)
async def answers_in_bad_shape(trial: Trial) -> None:
    """One in two answers is cut, trickles, has the wrong length, never ends, comes twice, or is followed by an end."""
    names = ("cut_body", "slow_body", "too_short", "too_long", "flood", "answer_twice", "hang_up")
    await _misbehaving(trial, **dict.fromkeys(names, 0.1))


@scenario("no-answers", seconds=20, bound=ANSWERS, ambiguous=True, shows=frozenset({"garbage", "cut_head", "307"}))
async def no_answers(trial: Trial) -> None:
    """One in four calls is redirected, or answered by garbage, half a status line, a trickle, or the end."""
    await _misbehaving(trial, **dict.fromkeys(("redirect", "close", "cut_head", "slow_head", "garbage"), 0.05))


@scenario("1-percent-of-each-fault", seconds=20, bound=ANSWERS, ambiguous=True)
async def one_percent(trial: Trial) -> None:
    """1 % of each: 401, 422, 429, 500, 503, calls that hang, and calls that are cut off."""
    await _partly_misbehaving(trial, 0.01)


@scenario("10-percent-of-each-fault", seconds=20, quick_seconds=5, bound=ANSWERS, ambiguous=True)
async def ten_percent(trial: Trial) -> None:
    """10 % of each: 401, 422, 429, 500, 503, calls that hang, and calls that are cut off."""
    await _partly_misbehaving(trial, 0.1)


@scenario("50-percent-of-each-fault", seconds=20, bound=ANSWERS, ambiguous=True)
async def fifty_percent(trial: Trial) -> None:
    """50 % of each: 401, 422, 429, 500, 503, calls that hang, and calls that are cut off."""
    await _partly_misbehaving(trial, 0.5)


async def _partly_misbehaving(trial: Trial, share: float) -> None:
    names = ("unauthorized", "declined", "rate_limited", "unavailable", "server_error", "hang", "reset")
    await _misbehaving(trial, **dict.fromkeys(names, share))


@scenario("token-revoked", seconds=20, quick_seconds=4, bound=REFUSED, shows=frozenset({"401"}))
async def token_revoked(trial: Trial) -> None:
    """Every token is revoked, several times a second."""
    ends = time.monotonic() + trial.seconds
    while time.monotonic() < ends:
        trial.stand.gateway.revoke_tokens()
        await asyncio.sleep(trial.random.uniform(0.1, 1))


@scenario("token-endpoint-down", seconds=30, bound=REFUSED, shows=frozenset({"401"}))
async def token_endpoint_down(trial: Trial) -> None:
    """Every token is revoked, and there is no new one for long: who asks for one is answered 503, then nothing, then
    garbage, and at last that our credentials are wrong.
    """
    await asyncio.sleep(2)
    trial.stand.gateway.revoke_tokens()
    for fault in ("down", "hangs", "garbled", "refused"):
        trial.stand.gateway.misbehave(**{f"authentication_{fault}": True})
        await asyncio.sleep(trial.seconds / 4)
        trial.stand.gateway.misbehave(**{f"authentication_{fault}": False})


@scenario("401-storm", seconds=20, bound=REFUSED, shows=frozenset({"401"}))
async def unauthorized(trial: Trial) -> None:
    """The Gateway gives tokens, and refuses every one of them."""
    await _misbehaving(trial, unauthorized=1.0)


@scenario("403-for-a-while", seconds=20, bound=REFUSED, shows=frozenset({"403"}))
async def forbidden(trial: Trial) -> None:
    """The Gateway says that our account lacks a permission."""
    await _misbehaving(trial, forbidden=1.0)


@scenario("429-with-retry-after", seconds=20, bound=REFUSED, shows=frozenset({"429"}))
async def rate_limited(trial: Trial) -> None:
    """The Gateway has enough, and asks for 2 seconds of rest."""
    await _misbehaving(trial, rate_limited=1.0, retry_after=2)


@scenario("503-with-retry-after", seconds=20, bound=REFUSED, shows=frozenset({"503"}))
async def unavailable(trial: Trial) -> None:
    """The Gateway is in maintenance, and asks for 2 seconds of rest."""
    await _misbehaving(trial, unavailable=1.0, retry_after=2)


async def _misbehaving(trial: Trial, **faults: Any) -> None:
    """Faults for as long as the trial lasts."""
    trial.stand.gateway.misbehave(**faults)
    await asyncio.sleep(trial.seconds)
    trial.stand.gateway.misbehave(**dict.fromkeys(faults, 0))


@scenario(
    "deduplicating-gateway",
    seconds=40,
    bound="what was refused in the end, where a call before was in doubt; all else can be asked again",
    deduplicates=True,
)
async def deduplicating(trial: Trial) -> None:
    """The Gateway ignores repetitions: 10 % of each fault, processes killed every 5 seconds, PostgreSQL crashing."""
    trial.stand.gateway.misbehave(server_error=0.1, hang=0.1, reset=0.1, unavailable=0.1)
    ends = time.monotonic() + trial.seconds
    while time.monotonic() < ends:
        await asyncio.sleep(5)
        service = trial.random.choice(trial.stand.services)
        await service.kill()
        await service.start(service.variables)
        await service.ready()
        await trial.stand.database.crash()
        await trial.stand.database.start()
