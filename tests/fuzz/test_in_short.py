"""`make fuzz` in short: every shape, and some of them again, at a service in a process of its own."""

from pathlib import Path

from tests.examples import Running
from tests.fuzz.rounds import WARM_UP, Rounds
from tests.fuzz.service import fuzzed_service

SEED = 1
AGAIN = 500  # stories


async def test_whatever_is_sent_the_service_lives_answers_right_and_records_what_it_acknowledged(
    database_url: str, gateway: Running, tmp_path: Path
) -> None:
    async with fuzzed_service(tmp_path, database_url=database_url, gateway_url=gateway.url) as service:
        rounds = Rounds(service=service, seed=SEED)
        await rounds.play()
        for _ in range(WARM_UP):
            await rounds.play(most=AGAIN)
        await rounds.close()

    assert [] == rounds.wrong
    assert [] == gateway.simulator.account.twice()
