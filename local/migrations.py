"""The migrations: how records of one format become records of the next one. See docs/developing.md.

A migration must be safe to repeat, and safe while functions of the older and the newer version write.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

# A record as DynamoDB stores it: attribute -> {type: value}.
Record = dict[str, Any]


class Migration(NamedTuple):
    """`needed` is a filter expression that only records match which the migration must change.

    `attributes` returns what to set in such a record. It gets the record as it was read, and the write is repeated with
    a fresh read if the record has changed meanwhile.
    """

    needed: str
    names: dict[str, str]
    attributes: Callable[[Record], Record]


MIGRATIONS: Final[dict[str, Migration]] = {
    # Records that were created before there were schema numbers have the format of number 1 already.
    "schema_1": Migration(
        needed="attribute_not_exists(#schema)",
        names={"#schema": "schema"},
        attributes=lambda _record: {"schema": {"N": "1"}},
    ),
}
