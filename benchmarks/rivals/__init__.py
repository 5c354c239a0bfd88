"""What one would use instead, each in a folder of its own: `RIVALS` names them all, in the order of the report."""

from benchmarks.contender import Contender
from benchmarks.rivals.dbos.contender import DBOS
from benchmarks.rivals.forwarding.contender import FORWARDING, FORWARDING_FAST
from benchmarks.rivals.pgqueuer.contender import PGQUEUER
from benchmarks.rivals.procrastinate.contender import PROCRASTINATE

RIVALS: tuple[Contender, ...] = (FORWARDING, FORWARDING_FAST, DBOS, PROCRASTINATE, PGQUEUER)
