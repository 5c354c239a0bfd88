"""A selection of contributions: by their ids, or by what they have in common."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Integer, Select, Text, Uuid, any_, func, literal, select

from app.domain.settlement import Status
from app.ledger.tables import contributions, events


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Each thing given narrows it; with none it is everything. `since` and `until` are about when the event was
    recorded, the former included, the latter not.
    """

    ids: tuple[UUID, ...] = ()
    statuses: tuple[Status, ...] = ()
    feed: str | None = None
    brand_id: str | None = None
    event_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    gateway_statuses: tuple[int, ...] = ()

    @property
    def is_everything(self) -> bool:
        """Whether nothing narrows it."""
        return not any(getattr(self, each.name) for each in fields(self))

    def conditions(self) -> list[ColumnElement[bool]]:
        """What is true of each contribution in it."""
        found: list[ColumnElement[bool] | None] = [
            _c.id == any_(literal(list(self.ids), ARRAY(Uuid))) if self.ids else None,
            _c.status == any_(literal(list(self.statuses), ARRAY(Text))) if self.statuses else None,
            _c.gateway_status == any_(literal(list(self.gateway_statuses), ARRAY(Integer)))
            if self.gateway_statuses
            else None,
            _c.feed == self.feed if self.feed else None,
            _c.brand_id == self.brand_id if self.brand_id else None,
            _c.id.in_(self._owed_for_event()) if self.event_id else None,
            _c.recorded_at >= self.since if self.since else None,
            _c.recorded_at < self.until if self.until else None,
        ]
        return [condition for condition in found if condition is not None]

    def _owed_for_event(self) -> Select[Any]:
        """By way of the inbox: its key begins with feed and brand, and the outbox has no index of events."""
        owed = select(func.unnest(events.c.contribution_ids)).where(events.c.event_id == self.event_id)
        if self.feed:
            owed = owed.where(events.c.feed == self.feed)
        if self.brand_id:
            owed = owed.where(events.c.brand_id == self.brand_id)
        return owed


_c = contributions.c
