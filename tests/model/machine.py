"""Steps of operators, workers, the Gateway and people in any order, on the real ledger and on the model of it."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import count
from typing import TypeVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.domain.filtering import IgnoreReason
from app.domain.intervention import DISCARDED_FROM, REPLAYED_FROM, Action, Discard, Replay, Signature
from app.domain.outcome import verdict
from app.domain.settlement import RetryPolicy, Settlement, Status, settlement
from app.ledger.census import take_census
from app.ledger.claim import Claim
from app.ledger.handover import Nobody, Reservation
from app.ledger.outbox import Recovered
from app.ledger.pause import pause, resume
from tests import examples
from tests.model.gateway import Course, Ending, ModelGateway
from tests.model.ledger import Ledger
from tests.model.promises import Promises
from tests.model.worker import Call, Hand, Worker

T = TypeVar("T")

LEASE = timedelta(hours=1)  # ends where a step says so, and never by itself
GIVE_UP_AFTER = timedelta(days=1)
ADA = Signature(actor="ada", reason="the model says so")
NOTHING = timedelta()
ROLLBACK = IgnoreReason.ROLLBACK
AMOUNTS = st.sampled_from(("1", "2"))
SOURCES = st.integers(0, 2)
REASONS = st.sampled_from(IgnoreReason)
PICKS = st.integers(0, 5)
LIMITS = st.integers(1, 3)
WORKERS = st.integers(0, 2)
LOST = st.integers(0, 5).map(lambda number: number == 5)  # not so often that little gets done
REPEATED, ABSENT = Replay(doubtful=True), Replay(doubtful=True, absent=True)
FINAL = set(Status) - {Status.PENDING, Status.IN_FLIGHT}


class Machine(RuleBasedStateMachine):
    """Where an answer is `lost`, the statement took effect and nobody was told; `pick` chooses among what there is."""

    def __init__(self, ledger: Ledger, *, deduplicates: bool) -> None:
        super().__init__()
        self.ledger = ledger
        self.promises = Promises(deduplicates=deduplicates)
        self.gateway = ModelGateway(deduplicates=deduplicates)
        self.workers = [Worker() for _ in range(3)]
        self.tokens: Iterator[UUID] = (UUID(int=number) for number in count(1))
        self.policy = RetryPolicy(
            deduplicates=deduplicates,
            backoff_base=NOTHING,
            backoff_limit=NOTHING,
            retry_after_limit=NOTHING,
            hold=NOTHING,
            give_up_after=GIVE_UP_AFTER,
        )
        ledger.empty()

    # The operator.

    @initialize(sources=st.integers(1, 2))
    def begins_with_two_events(self, sources: int) -> None:
        for number in (1, 2):
            self._record(number, "1", sources, Hand(reservation=Nobody().reserve(sources)), lost=False)

    @rule(number=st.integers(1, 4), amount=AMOUNTS, sources=SOURCES, ignored=REASONS, lost=LOST)
    def record(self, number: int, amount: str, sources: int, ignored: IgnoreReason, *, lost: bool) -> None:
        self._record(number, amount, sources, Hand(reservation=Nobody().reserve(sources)), ignored=ignored, lost=lost)

    @rule(worker=WORKERS, slots=LIMITS, number=st.integers(1, 6), sources=SOURCES, lost=LOST)
    def hand_over(self, worker: int, slots: int, number: int, sources: int, *, lost: bool) -> None:
        """Record in the process of a worker, who takes what is owed, or, not told, gives it back."""
        taker, token = self.workers[worker], next(self.tokens)
        hand = Hand(reservation=Reservation(slots=slots, token=token, lease=LEASE))
        self._record(number, "1", sources, hand, lost=lost)
        assert self.promises.leased(token) == {claim.id for claim in hand.taken}
        if lost:
            taker.unsent[token] = []
        else:
            taker.calls += [Call(claim=claim) for claim in hand.taken]

    def _record(
        self, number: int, amount: str, sources: int, hand: Hand, *, ignored: IgnoreReason = ROLLBACK, lost: bool
    ) -> None:
        entry = examples.entry(f"bet-{number}", amount=amount, sources=("one", "two")[:sources], ignored=ignored)
        answer = self.ledger.record(entry, hand)
        expected = self.promises.record(entry, hand.reservation)
        assert lost or expected == answer

    # Workers.

    @precondition(lambda self: self.promises.standing(Status.PENDING))
    @rule(worker=WORKERS, limit=LIMITS, lost=LOST)
    def claim(self, worker: int, limit: int, *, lost: bool) -> None:
        token, due = next(self.tokens), self.promises.due()
        claims = self.ledger.claim(limit, token=token, lease=LEASE)
        keys = {claim.id for claim in claims}
        assert min(limit, len(due)) == len(claims)
        assert keys <= due
        self.promises.claim(keys, token)
        self.workers[worker].unsent[token] = [] if lost else claims

    @precondition(lambda self: self._claimed())
    @rule(pick=PICKS, lost=LOST)
    def begin(self, pick: int, *, lost: bool) -> None:
        """`lost` is as well the worker that finds it was told to stop, or that it slept."""
        worker, token = _pick(self._claimed(), pick)
        ours = self.ledger.run(self.ledger.outbox.begin(worker.unsent[token], lease=LEASE))
        assert self.promises.begin(token) == ours
        claims, worker.unsent[token] = worker.unsent[token], []
        if not lost:
            del worker.unsent[token]
            worker.calls += [Call(claim=claim) for claim in claims if claim.id in ours]

    @precondition(lambda self: self._unsent())
    @rule(pick=PICKS, lost=LOST)
    def release(self, pick: int, *, lost: bool) -> None:
        worker, token = _pick(self._unsent(), pick)
        released = self.ledger.run(self.ledger.outbox.release({token}))
        assert ({token} if self.promises.release(token) else set()) == released
        worker.unsent[token] = []
        if not lost:
            del worker.unsent[token]

    @precondition(lambda self: self._calls(made=False))
    @rule(pick=PICKS, ending=st.sampled_from(Ending))
    def send(self, pick: int, ending: Ending) -> None:
        _, call = _pick(self._calls(made=False), pick)
        call.course = self.gateway.call(call.claim.id, ending)

    @precondition(lambda self: self._calls(made=True))
    @rule(pick=PICKS, lost=LOST)
    def settle(self, pick: int, *, lost: bool) -> None:
        worker, call = _pick(self._calls(made=True), pick)
        assert call.course
        self._settle(call, call.course)
        call.failed = lost
        if not lost:
            worker.calls.remove(call)

    @precondition(lambda self: self.promises.due())
    @rule(worker=WORKERS, limit=LIMITS)
    def take(self, worker: int, limit: int) -> None:
        """Claim and begin, and nothing goes wrong."""
        self.claim(worker, limit, lost=False)
        self.begin(self._claimed().index((self.workers[worker], max(self.workers[worker].unsent))), lost=False)

    @precondition(lambda self: self._sending())
    @rule(pick=PICKS, ending=st.sampled_from(Ending))
    def go_on(self, pick: int, ending: Ending) -> None:
        """Send and settle all that one took to be sent, whether or not it is still its own."""
        worker = _pick(self._sending(), pick)
        for call in tuple(worker.calls):
            if not call.course:
                self.send(self._calls(made=False).index((worker, call)), ending)
            self.settle(self._calls(made=True).index((worker, call)), lost=False)

    @precondition(lambda self: self.promises.due())
    @rule(ending=st.sampled_from(Ending))
    def work(self, ending: Ending) -> None:
        """All that is due, by one worker whom nothing befalls."""
        others, self.workers = self.workers, [Worker()]
        self._work(ending)
        self.workers = others

    @precondition(lambda self: self._sending())
    @rule(pick=PICKS)
    def renew(self, pick: int) -> None:
        tokens = {call.claim.id: call.claim.lease_token for call in _pick(self._sending(), pick).calls}
        renewed = self.ledger.run(self.ledger.outbox.renew(tokens, lease=LEASE))
        assert self.promises.renew(*tokens.values(), among=tokens) == renewed

    @precondition(lambda self: self.promises.tokens())
    @rule()
    def recover(self) -> None:
        unsent, sent = self.promises.recover()
        assert Recovered(unsent=unsent, sent=sent) == self.ledger.run(
            self.ledger.outbox.recover(deduplicates=self.policy.deduplicates)
        )

    # What befalls them.

    @precondition(lambda self: self._busy())
    @rule(pick=PICKS)
    def crash(self, pick: int) -> None:
        _pick(self._busy(), pick).crash()

    @precondition(lambda self: self.promises.tokens())
    @rule(pick=PICKS)
    def a_lease_ends(self, pick: int) -> None:
        """Its holder is dead, or stopped, and remembers."""
        self._end(_pick(self.promises.tokens(), pick))

    @precondition(lambda self: self._busy())
    @rule(pick=PICKS)
    def a_stop_outlasts_the_leases(self, pick: int) -> None:
        """The worker remembers all that others take over."""
        worker = _pick(self._busy(), pick)
        for token in {*worker.unsent, *(call.claim.lease_token for call in worker.calls)}:
            self._end(token)
        self.recover()

    @precondition(lambda self: not self.promises.all_old())
    @rule()
    def a_day_goes_by(self) -> None:
        self.ledger.age(GIVE_UP_AFTER)
        self.promises.age()

    # People.

    @precondition(lambda self: self.promises.paused or (self.promises.due() and self._busy()))
    @rule()
    def pause_or_resume(self) -> None:
        change = resume if self.promises.paused else pause
        assert self.ledger.run(change(self.ledger.engine, ADA))
        self.promises.paused = not self.promises.paused

    @precondition(lambda self: self.promises.owed)
    @rule(pick=PICKS, action=st.sampled_from((Replay(), REPEATED, ABSENT, Discard())))
    def intervene(self, pick: int, action: Action) -> None:
        """`ABSENT` is a person's word that what may be at the Gateway is not there; perhaps a wrong one."""
        if action == REPEATED and not self.policy.deduplicates:
            return  # the command line does not do that
        key = _pick(sorted(self.promises.owed), pick)
        owed, changed = self.promises.owed[key], self.ledger.intervene(key, action, ADA)
        match action:
            case Replay(doubtful=doubtful):
                assert owed.status in REPLAYED_FROM if changed else owed.status is not Status.DECLINED
                assert not changed or doubtful or self.policy.deduplicates or not owed.doubtful
            case Discard():
                assert changed is (owed.status in DISCARDED_FROM)
        if changed:
            self.promises.intervene(key, action)
            owed.misjudged |= action == ABSENT and self._may_be_there(key)

    # What is promised.

    @invariant()
    def the_promises_hold(self) -> None:
        self.everything_stands_where_it_should()
        self.money_moves_once_and_the_ledger_knows()

    def everything_stands_where_it_should(self) -> None:
        rows = {row.id: row for row in self.ledger.rows()}
        assert {key: owed.status for key, owed in self.promises.owed.items()} == {key: rows[key].status for key in rows}
        for key in self.promises.standing(Status.PENDING, Status.IN_FLIGHT):
            owed = self.promises.owed[key]
            assert owed.attempts + bool(owed.token) == rows[key].attempt

    def money_moves_once_and_the_ledger_knows(self) -> None:
        for key, owed in self.promises.owed.items():
            taken = self.gateway.taken[key]
            assert taken > 0 or owed.status is not Status.CONTRIBUTED
            if not owed.misjudged:
                assert taken <= 1
                assert not taken or owed.status not in self._money_free()

    def teardown(self) -> None:
        """All faults end, and one healthy worker drains the ledger. Not where a step failed: that is what to report."""
        if sys.exception():
            return
        for worker in self.workers:
            worker.crash()
        for token in self.promises.tokens():
            self._end(token)
        self.recover()
        if self.promises.paused:
            self.pause_or_resume()
        self.workers = [Worker()]
        while self.promises.due():
            self._work(Ending.ACCEPTED)
        self.the_promises_hold()
        assert self.promises.standing(*FINAL) == set(self.promises.owed)
        census = self.ledger.run(take_census(self.ledger.engine))
        assert census.balances
        assert Counter(owed.status for owed in self.promises.owed.values()) == Counter(census.by_status)

    def _work(self, ending: Ending) -> None:
        """By the first worker, who has nothing else to do."""
        self.take(0, 4)
        self.go_on(0, ending)

    def _settle(self, call: Call, course: Course) -> None:
        claim, settled = call.claim, self._settlement(call.claim, course)
        written = self.ledger.run(self.ledger.outbox.settle(claim, settled, gateway_status=None, gateway_response=""))
        assert self.promises.settle(claim.id, claim.lease_token, settled.status, course) is written
        assert not (written and settled.status is Status.UNKNOWN) or self.promises.owed[claim.id].doubtful
        if call.failed and not written:
            stands = self.promises.owed[claim.id].status is settled.status
            assert stands is self.ledger.run(self.ledger.outbox.is_settled(claim, settled))

    def _settlement(self, claim: Claim, course: Course) -> Settlement:
        means = verdict(course.reply)
        settled = settlement(means, self.policy, attempt=claim.attempt, age=claim.age, retry_after=None, jitter=0.0)
        return settled.after_doubt() if claim.doubtful else settled

    def _end(self, token: UUID) -> None:
        self.ledger.end_lease(token)
        self.promises.end(token)

    def _money_free(self) -> set[Status]:
        """Where nothing may stand that the Gateway took money for. Where it deduplicates, it may be due again."""
        waiting = set() if self.policy.deduplicates else {Status.PENDING}
        return waiting | {Status.DECLINED, Status.EXPIRED}

    def _may_be_there(self, key: UUID) -> bool:
        """Whether the Gateway took it, or a stopped worker is still to send it."""
        return self.gateway.taken[key] > 0 or any(call.claim.id == key for _, call in self._calls(made=False))

    def _busy(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.unsent or worker.calls]

    def _sending(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.calls]

    def _claimed(self) -> list[tuple[Worker, UUID]]:
        return [(worker, token) for worker, token in self._unsent() if worker.unsent[token]]

    def _unsent(self) -> list[tuple[Worker, UUID]]:
        return [(worker, token) for worker in self.workers for token in worker.unsent]

    def _calls(self, *, made: bool) -> list[tuple[Worker, Call]]:
        return [(worker, call) for worker in self.workers for call in worker.calls if (call.course is not None) is made]


def _pick(choices: Sequence[T], number: int) -> T:
    return choices[number % len(choices)]
