"""Fields that no payload could have both: one would be inside the other, or around them an object an array as well."""

from collections.abc import Iterator
from itertools import combinations

from app.domain.mapping import FieldMapping, clash, pointer


def overlap_mistakes(mapping: FieldMapping, kind: str) -> Iterator[tuple[str, str]]:
    """Each with the key in the feed's section. Two that are not needed may take turns."""
    found = {name: source for name, source in mapping.sources.items() if source.paths and not source.glanced}
    for one, other in combinations(found, 2):
        if mapping.may_lack(one, kind) and mapping.may_lack(other, kind):
            continue
        paths, others = found[one].paths, found[other].paths
        if all(clash(path, each) for path in paths for each in others):
            yield f"fields.{other}", f"cannot be at {pointer(others[0])} where {one} is at {pointer(paths[0])}"
