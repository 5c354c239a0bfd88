"""The yardstick: a bare FastAPI route with the model, as its tutorial has it. Nothing is stored or forwarded."""

from fastapi import FastAPI

from benchmarks.events import PATH
from benchmarks.floor.model import Bet

app = FastAPI()


@app.get("/health")
async def health() -> dict[str, str]:
    """Whether it has started."""
    return {"status": "ok"}


@app.post(PATH, status_code=202)
async def receive(event: Bet) -> dict[str, object]:
    """Validated, and forgotten."""
    return {"event_id": event.event_id, "status": "accepted", "contributions": 1}
