"""What one would use instead, each in a folder of its own: `RIVALS` names them all, in the order of the report."""

from benchmarks.contender import Contender

RIVALS: tuple[Contender, ...] = ()
