"""The records of the catalogue of storage locations."""

from shared.storage_locations.catalogue import Catalogue
from shared.table.keys import CATALOGUE, Item, catalogue_key
from shared.table.queries import build_record


def catalogue_items(catalogue: Catalogue) -> tuple[Item, Item]:
    """Build the record of this version, and the record of the current version."""
    return build_record(catalogue_key(catalogue.version), catalogue), build_record(CATALOGUE, catalogue)
