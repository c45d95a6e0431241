"""The migrations: each changes records of one format to the next. See docs/developing.md.

A migration must be safe to repeat, and safe while functions of the old and the new version write.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

# A record as DynamoDB stores it: attribute -> {type: value}.
Record = dict[str, Any]


class Migration(NamedTuple):
    """A migration. `needed` is a filter expression that matches only the records to change.

    `attributes` gets a record and returns the attributes to set. If the record changes before the write, it is read
    again and `attributes` is called again.
    """

    needed: str
    names: dict[str, str]
    attributes: Callable[[Record], Record]


MIGRATIONS: Final[dict[str, Migration]] = {
    # Records from before schema numbers were introduced already have format 1.
    "schema_1": Migration(
        needed="attribute_not_exists(#schema)",
        names={"#schema": "schema"},
        attributes=lambda _record: {"schema": {"N": "1"}},
    ),
}
