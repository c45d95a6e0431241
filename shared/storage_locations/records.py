"""The records of the catalogue of storage locations."""

from shared.errors import require
from shared.storage_locations.catalogue import Catalogue
from shared.table.audit import audited
from shared.table.keys import CATALOGUE, Item, catalogue_history_key, catalogue_key
from shared.table.queries import build_record


def catalogue_items(catalogue: Catalogue) -> tuple[Item, Item]:
    """Build the record of this version, and the record of the current version."""
    return build_record(catalogue_key(catalogue.version), catalogue), build_record(CATALOGUE, catalogue)


def change_item(catalogue: Catalogue, root_path: str) -> Item:
    """Build the record of the change that led to this version."""
    change = require(catalogue.last_change)
    return audited(catalogue_history_key(change.at, catalogue.version), change, root_path, expires=False)
