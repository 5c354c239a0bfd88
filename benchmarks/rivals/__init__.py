"""What one would use instead, each in a folder of its own: `RIVALS` names them all, in the order of the report."""

from benchmarks.contender import Contender
from benchmarks.rivals.celery.contender import CELERY
from benchmarks.rivals.dbos.contender import DBOS
from benchmarks.rivals.forwarding.contender import FORWARDING, FORWARDING_FAST
from benchmarks.rivals.graphile_worker.contender import GRAPHILE_WORKER, GRAPHILE_WORKER_BATCHED
from benchmarks.rivals.pgqueuer.contender import PGQUEUER, PGQUEUER_BATCHED
from benchmarks.rivals.procrastinate.contender import PROCRASTINATE

RIVALS: tuple[Contender, ...] = (
    FORWARDING,
    FORWARDING_FAST,
    DBOS,
    PROCRASTINATE,
    CELERY,
    PGQUEUER,
    GRAPHILE_WORKER,
    PGQUEUER_BATCHED,
    GRAPHILE_WORKER_BATCHED,
)
