"""Times: RFC 3339 in UTC with `Z`, always six digits of a second, so that the text sorts as the time does."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated

from pydantic import PlainSerializer, WithJsonSchema


@lru_cache(1024)  # the times of a record are often equal, such as those of its creation and of its last change
def format_timestamp(moment: datetime) -> str:
    """Format an aware time as '2026-11-24T10:53:19.000000Z'."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_timestamp(text: str) -> datetime:
    """Parse the form of `format_timestamp`. Raises ValueError for any other form."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo != UTC or format_timestamp(moment) != text:
        raise ValueError(text)
    return moment


# A field of a pydantic model that is written in this form, to JSON and to the table alike.
Timestamp = Annotated[
    datetime,
    PlainSerializer(format_timestamp, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
