"""A Gateway as a model: a count of how often it took money for each key, and every way a call can end."""

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID

from app.domain.outcome import Answered, NotSent, Reply, Unanswered, Withheld


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a call goes: the reply to it, whether the Gateway takes the money, whether the reply leaves that in doubt,
    and whether it counts as an attempt.
    """

    reply: Reply
    takes: bool = False
    doubtful: bool = False
    spent: bool = True


class Ending(Enum):
    """Every way a call can end."""

    ACCEPTED = Course(reply=Answered(status=201), takes=True)
    REFUSED = Course(reply=Answered(status=422))
    TOO_MANY = Course(reply=Answered(status=429))
    UNAVAILABLE = Course(reply=Answered(status=503))
    TOKEN_REFUSED = Course(reply=Answered(status=401))
    FORBIDDEN = Course(reply=Answered(status=403), spent=False)
    NO_TOKEN = Course(reply=Withheld(cause="no service token"), spent=False)
    NOT_SENT = Course(reply=NotSent(cause="refused"), spent=False)
    FAILED = Course(reply=Answered(status=500), doubtful=True)
    FAILED_HAVING_TAKEN = Course(reply=Answered(status=500), takes=True, doubtful=True)
    RESET = Course(reply=Unanswered(cause="reset"), doubtful=True)
    RESET_HAVING_TAKEN = Course(reply=Unanswered(cause="reset"), takes=True, doubtful=True)


@dataclass(slots=True, kw_only=True)
class ModelGateway:
    """Where it `deduplicates`, it takes no money again, and may refuse a repetition for all that."""

    deduplicates: bool
    taken: Counter[UUID] = field(default_factory=Counter)

    def call(self, key: UUID, ending: Ending) -> Course:
        """A call that goes as it is told to, as far as this Gateway can."""
        repeated = self.deduplicates and self.taken[key] > 0
        self.taken[key] += ending.value.takes and not repeated
        return ending.value
