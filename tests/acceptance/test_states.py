"""One id for each state of a thing, as platforms send them: what counts contributes once, in any order."""

import json
import re
import tomllib
from itertools import permutations
from pathlib import Path

import pytest

from tests import examples, samples
from tests.acceptance.service import Service
from tests.acceptance.test_platforms import connected, contributed, post
from tests.examples import Running

PAYMENT = samples.fields("profiles/payment-notification")
SECTIONS = {"feeds": {"cashier": samples.of_profile("payment-notification")}}


def _payment(status: str, **changes: object) -> bytes:
    return json.dumps(PAYMENT | {"data": PAYMENT["data"] | {"status": status} | changes}).encode()


STATES = (_payment("pending"), _payment("approved"), _payment("archived", amount=0))


async def _told(service: Service, body: bytes) -> tuple[int, str]:
    answer = await post(service, "cashier", body)
    return answer.status_code, answer.json()["status"]


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (0, 2, 1)])
async def test_a_payment_contributes_once_in_whatever_order_its_states_come(
    database_url: str, gateway: Running, order: tuple[int, ...]
) -> None:
    expected = [(202, "accepted" if state == 1 else "ignored") for state in order]
    async with connected(database_url, gateway, SECTIONS) as service:
        assert expected == [await _told(service, STATES[state]) for state in order]
        assert expected == [await _told(service, STATES[state]) for state in order]
        assert [("cashier", "brand1", "pay-1", "DEPOSIT", "100")] == await contributed(gateway)


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_so_it_does_where_they_come_in_one_batch(
    database_url: str, gateway: Running, order: tuple[int, ...]
) -> None:
    body = b"[" + b",".join(STATES[state] for state in order) + b"]"
    async with connected(database_url, gateway, SECTIONS) as service:
        answer = (await post(service, "cashier/batch", body)).json()

        assert ["accepted" if state == 1 else "ignored" for state in order] == [
            result["status"] for result in answer["results"]
        ]
        assert [("cashier", "brand1", "pay-1", "DEPOSIT", "100")] == await contributed(gateway)


async def test_a_second_amount_is_a_conflict_all_the_same(database_url: str, gateway: Running) -> None:
    async with connected(database_url, gateway, SECTIONS) as service:
        for body, status in ((STATES[0], 202), (STATES[1], 202), (_payment("approved", amount=999), 409)):
            assert status == (await post(service, "cashier", body)).status_code


async def test_in_our_own_schema_the_event_type_is_the_state(service: Service, gateway: Running) -> None:
    for event_type, told in (
        ("DEPOSIT_PENDING", "ignored"),
        ("DEPOSIT_SUCCESS", "accepted"),
        ("DEPOSIT_REVERSED", "ignored"),
    ):
        answer = await service.post("deposit", examples.deposit(event_type=event_type))
        assert (202, told) == (answer.status_code, answer.json()["status"])

    assert len(await contributed(gateway)) == 1


async def test_a_state_that_was_not_recorded_is_counted(service: Service) -> None:
    await service.post("deposit", examples.deposit())
    await service.post("deposit", examples.deposit(event_type="DEPOSIT_REVERSED"))

    metrics = (await service.client.get("/metrics")).text
    assert 'event_processor_events_followed_total{feed="deposit",reason="event_type_not_counted"} 1.0' in metrics


PAGE = (Path(__file__).parents[2] / "docs" / "mapping.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (`[A-Z]+`, .*) \| (.*) \| (.*) \|$", PAGE, re.MULTILINE)


async def _told_of(service: Service, feed: str, order: str, *, event_id: str) -> list[str]:
    """What each state of a bet is told, in the order of a row."""
    bet = {**examples.bet(event_id=event_id), "event_type": "not looked at", "type": "BET", "provider": "studio-one"}
    told = []
    for state, changed in re.findall(r"`(\w+)`( with another amount)?", order):
        amount = {"amount": "9.99"} if changed else {}
        answer = await post(service, feed, json.dumps(bet | amount | {"status": state, "state": state}).encode())
        told.append("409" if answer.status_code == 409 else answer.json()["status"])
    return told


async def test_each_order_of_states_becomes_what_the_page_says(database_url: str, gateway: Running) -> None:
    (block,) = re.findall(r"^```toml\n(\[feeds.sports\].*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    feeds = tomllib.loads(block)["feeds"]
    beside = {"sports": {"event_type": "type"}, "virtuals": {}}
    for name, feed in feeds.items():
        feed["fields"] = {"provider_id": "provider"} | beside[name] | feed.get("fields", {})
        feed |= {"kind": "bet", "api_keys": [samples.API_KEY]}
    assert ROWS
    async with connected(database_url, gateway, {"feeds": feeds}) as service:
        for number, (order, *said) in enumerate(ROWS):
            for feed, expected in zip(("sports", "virtuals"), said, strict=True):
                told = await _told_of(service, feed, order, event_id=str(number))
                assert expected.partition(":")[0].split(", ") == told, (feed, order)
