"""The sandbox Gateway: when it takes a player's money."""

import json
from random import Random

import pytest

from app.sandbox.gateway import DECLINED_SOURCE, Faults, SandboxGateway
from app.sandbox.http_server import Request, Response

FIELDS = {"brand_id": "casino:brand1", "player_id": "1", "gameround_id": "1", "currency": "EUR", "base_wager": 1}


@pytest.mark.parametrize("fault", ["hang", "reset", "server_error", "cut_body", "answer_twice"])
async def test_a_paused_jackpot_takes_nothing_whatever_else_goes_wrong(fault: str) -> None:
    gateway = SandboxGateway(username="", password="", random=Random(1))
    gateway.faults = Faults().changed({fault: 1.0})
    answer = await gateway.handle(
        Request(method="POST", path="/authenticate/service", body=b'{"username": "", "password": ""}')
    )
    assert isinstance(answer, Response)
    headers = {"authorization": f"Bearer {answer.content['token']}"}

    for source_id in (DECLINED_SOURCE, "book-of-examples"):
        body = json.dumps(FIELDS | {"token": None, "metadata": None, "source_id": source_id}).encode()
        await gateway.handle(Request(method="POST", path="/jackpots/contribute/source", headers=headers, body=body))

    assert {DECLINED_SOURCE: False, "book-of-examples": True} == {
        call.source_id: call.contributed for call in gateway.account.calls
    }
