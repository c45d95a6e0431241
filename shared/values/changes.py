"""The record of one change of a customer or an account."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from shared.values.timestamps import Timestamp


class Change(BaseModel):
    """One change. History and events are built from it alone. `changes`: by field, old and new value."""

    model_config = ConfigDict(frozen=True)

    event: str
    at: Timestamp
    by: str  # an account, or the scheduled job that made the change
    request_id: str | None = None
    version: int | None = None  # None for entries built from the record itself
    changes: dict[str, dict[Literal["from", "to"], Any]] = {}
    reason: str | None = None
