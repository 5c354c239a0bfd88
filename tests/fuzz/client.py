"""What an integrator does with a client generated from the document: `python -m tests.fuzz.client URL`."""

import sys
from collections.abc import Iterator

import httpx
from event_processor_client import Client
from event_processor_client.api.events import receive_bet, receive_deposit
from event_processor_client.models import Accepted, BetEvent, DepositEvent, ProblemDetails

from tests.fuzz.signing import signed


class Signing(httpx.Auth):
    """Signs what is about to be sent."""

    requires_request_body = True

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        request.headers.update(signed(request.content))
        yield request


def main(url: str) -> None:
    """Post the examples of the document, and what must be refused."""
    paths = httpx.get(f"{url}/openapi.json").raise_for_status().json()["paths"]
    signing = Client(base_url=url, httpx_args={"auth": Signing()})
    for feed, call, model in (("bet", receive_bet, BetEvent), ("deposit", receive_deposit, DepositEvent)):
        content = paths[f"/events/{feed}"]["post"]["requestBody"]["content"]
        example = content["application/json"]["example"] | {"event_id": f"client-{feed}"}
        accepted = call.sync_detailed(client=signing, body=model.from_dict(example))
        assert (202, Accepted) == (accepted.status_code, type(accepted.parsed)), accepted
        assert (f"client-{feed}", 1) == (accepted.parsed.event_id, accepted.parsed.contributions), accepted
        again = call.sync_detailed(client=signing, body=model.from_dict(example))
        assert "true" == again.headers["idempotent-replayed"], again
        refused = call.sync_detailed(client=signing, body=model.from_dict(example | {"amount": -1}))
        assert (422, ProblemDetails) == (refused.status_code, type(refused.parsed)), refused
        assert ["/amount"] == [error.pointer for error in refused.parsed.errors], refused
        unsigned = call.sync_detailed(client=Client(base_url=url), body=model.from_dict(example))
        assert (401, ProblemDetails) == (unsigned.status_code, type(unsigned.parsed)), unsigned


main(sys.argv[1])
