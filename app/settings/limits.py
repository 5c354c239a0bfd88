"""The settings of a feed that limit its sender."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.domain.document import MAX_DEPTH
from app.domain.limits import Limits
from app.domain.rate import Rate


class LimitSettings(BaseModel):
    """How often, how much, and how deeply nested."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rate_limit: int | None = Field(None, ge=1, le=1_000_000, description="requests a second")
    rate_burst: int | None = Field(None, ge=1, le=1_000_000, description="requests at once")
    body_limit: int | None = Field(None, ge=1024, description="bytes")
    depth_limit: int = Field(MAX_DEPTH, ge=1, le=MAX_DEPTH, description="levels")

    @model_validator(mode="after")
    def _bursts_at_a_rate(self) -> Self:
        if self.rate_burst and not self.rate_limit:
            raise ValueError("rate_burst has no effect without rate_limit")
        return self

    def limits(self) -> Limits:
        """For the domain. A burst is a second's worth, unless it is set."""
        rate = Rate(per_second=self.rate_limit, burst=self.rate_burst or self.rate_limit) if self.rate_limit else None
        return Limits(rate=rate, body=self.body_limit, depth=self.depth_limit)
