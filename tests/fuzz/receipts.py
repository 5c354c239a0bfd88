"""What an answer acknowledges: an event, or those of a batch, each of which has its result."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from tests.fuzz.answers import Answer

_WORDS = ("accepted", "ignored", "skipped", "refused")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """An event that was acknowledged, as new or again, and how many contributions it was said to owe."""

    event_id: str
    new: bool
    owed: int


def receipts(answer: Answer) -> list[Receipt]:
    """In the order of the events."""
    if answer.status == 202:
        fields = _fields(answer)
        return [_receipt(fields, new="idempotent-replayed" not in answer.headers)]
    return [_receipt(each, new="replayed" not in each) for each in results(answer) if _recorded(each)]


def outcomes(answer: Answer) -> list[str]:
    """What became of each event of a batch: its id where it is recorded, else `skipped`, or the status of its refusal.
    Empty where the answer is not that to a batch.
    """
    return [_outcome(each) for each in results(answer)]


def results(answer: Answer) -> list[dict[str, Any]]:
    """Those of a batch; none where the answer is another."""
    found = _fields(answer).get("results") if answer.status == 200 else None
    return found if isinstance(found, list) and all(isinstance(each, dict) for each in found) else []


def batch_faults(answer: Answer) -> list[str]:
    """What no answer to a batch may be: results in another order, counts that are not theirs, words without meaning."""
    fields = _fields(answer)
    if answer.status != 200 or "results" not in fields:
        return []
    found = results(answer)
    if found != fields["results"]:
        return ["results that are none"]
    wrong = [f"a result of {each}" for each in found if not _is_result(each)]
    if list(range(len(found))) != [each.get("index") for each in found]:
        wrong.append("results in another order")
    if Counter(each.get("status") for each in found) != +Counter({word: fields.get(word, 0) for word in _WORDS}):
        wrong.append("counts that are not those of the results")
    return wrong


def _is_result(result: dict[str, Any]) -> bool:
    match result:
        case {"status": "accepted", "event_id": str(), "contributions": int(owed)}:
            return owed > 0
        case {"status": "ignored", "event_id": str(), "reason": str()} | {"status": "skipped"}:
            return True
        case {"status": "refused", "problem": {"type": str(), "title": str(), "status": int(status)}}:
            return 400 <= status < 500
        case _:
            return False


def _receipt(fields: dict[str, Any], *, new: bool) -> Receipt:
    return Receipt(event_id=str(fields.get("event_id")), new=new, owed=int(fields.get("contributions", 0)))


def _outcome(result: dict[str, Any]) -> str:
    match result:
        case {"problem": {"status": status}}:
            return str(status)
        case {"event_id": event_id}:
            return str(event_id)
        case _:
            return str(result.get("status"))


def _recorded(result: dict[str, Any]) -> bool:
    return result.get("status") in {"accepted", "ignored"}


def _fields(answer: Answer) -> dict[str, Any]:
    fields: Any = answer.json()
    return fields if isinstance(fields, dict) else {}
