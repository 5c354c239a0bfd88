"""The shapes of what is sent: each a function that makes stories, some of them otherwise with each round."""

from collections.abc import Iterator
from random import Random

from tests.fuzz.shapes import (
    batches,
    carried,
    chunks,
    cloud_events,
    connections,
    documents,
    fields,
    heads,
    lengths,
    noise,
    payloads,
    schemes,
    targets,
    wrapped,
)
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
    batches.beside,
    batches.repeated,
    batches.bounds,
    batches.refused_whole,
    batches.mutated,
    carried.in_pieces,
    carried.pipelined,
    carried.lying,
    carried.slow,
    carried.ended,
    wrapped.wrapped,
    wrapped.beside,
    wrapped.unfound,
    cloud_events.structured,
    cloud_events.binary,
    cloud_events.batched,
    schemes.right,
    schemes.damaged,
    schemes.elsewhere,
    schemes.clocks,
    schemes.stripe,
    schemes.canonical,
    payloads.one_field,
    payloads.other_nesting,
    noise.random_bytes,
    noise.mutated_requests,
    noise.mutated_bodies,
)


def stories(random: Random, bets: Bets) -> Iterator[Story]:
    """One of each kind that there is."""
    for shape in SHAPES:
        yield from shape(random, bets)
