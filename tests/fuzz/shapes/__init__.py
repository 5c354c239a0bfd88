"""The shapes of what is sent: each a function that makes stories, some of them otherwise with each round."""

from collections.abc import Iterator
from random import Random

from tests.fuzz.shapes import chunks, connections, documents, fields, heads, lengths, noise, targets
from tests.fuzz.story import Bets, Story

SHAPES = (
    documents.malformed,
    documents.monstrous,
    fields.one_field,
    fields.all_fields,
    lengths.lying,
    chunks.right,
    chunks.wrong,
    heads.headers,
    heads.credentials,
    heads.beginnings,
    heads.upgrades,
    targets.targets,
    targets.methods,
    connections.pipelined,
    connections.slow,
    connections.ended,
    noise.random_bytes,
    noise.mutated_requests,
    noise.mutated_bodies,
)


def stories(random: Random, bets: Bets) -> Iterator[Story]:
    """One of each kind that there is."""
    for shape in SHAPES:
        yield from shape(random, bets)
