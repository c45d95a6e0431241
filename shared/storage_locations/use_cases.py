"""Use cases for the catalogue of storage locations: read it, and replace it."""

from pydantic import BaseModel

from shared.auth.access import read_with_actor
from shared.auth.authorization import Caller, require_permission
from shared.errors import NotFoundError, StaleVersionError
from shared.storage_locations.catalogue import Catalogue, NewCatalogue, next_catalogue
from shared.storage_locations.records import catalogue_items, change_item
from shared.table.keys import CATALOGUE, catalogue_key
from shared.table.store import ConditionFailedError, Put, Store, update_between
from shared.values.countries import CountryResponse, country_response
from shared.values.models import fields_of
from shared.values.timestamps import Timestamp


class LocationResponse(CountryResponse):
    """A storage location. Its data is in its own country if it is `open`, otherwise in `routed_to`."""

    open: bool
    routed_to: CountryResponse


class CatalogueResponse(BaseModel):
    version: int
    locations: list[LocationResponse]
    created_at: Timestamp
    created_by: str


def get_storage_locations(store: Store, caller: Caller, version: int | None = None) -> CatalogueResponse:
    """Return the current catalogue, or an older version. Raises NotFoundError."""
    key = CATALOGUE if version is None else catalogue_key(version)
    account, records = read_with_actor(store, caller, key)
    require_permission(account, caller.operation)
    if key not in records:
        raise NotFoundError
    return _show(Catalogue.model_validate(records[key]))


def replace_storage_locations(store: Store, caller: Caller, new: NewCatalogue, *, version: int) -> CatalogueResponse:
    """Replace the catalogue that is at `version`. Customers keep their storage locations. For support only.

    The same locations make no new version.
    Raises ForbiddenError, StaleVersionError, RulesViolatedError.
    """
    account, records = read_with_actor(store, caller, CATALOGUE)
    require_permission(account, caller.operation)
    current = Catalogue.model_validate(records[CATALOGUE])
    catalogue = next_catalogue(current, new, caller.now, account.id, caller.request_id)
    if current.version == version + 1 and (current.created_by, current.locations) == (account.id, catalogue.locations):
        return _show(current)  # a repeat of a request whose response was lost
    if current.version != version:
        raise StaleVersionError.of("catalogue", current.version)
    if current.locations == catalogue.locations:
        return _show(current)
    this_version, in_force = catalogue_items(catalogue)
    _, replaced = catalogue_items(current)
    try:
        recorded = Put(change_item(catalogue, account.customer_path))
        store.write(Put(this_version), update_between(replaced, in_force, {"version": version}), recorded)
    except ConditionFailedError as failed:
        now_there = failed.records.get(CATALOGUE) or {}
        raise StaleVersionError.of("catalogue", now_there.get("version", catalogue.version)) from failed
    return _show(catalogue)


def _show(catalogue: Catalogue) -> CatalogueResponse:
    return CatalogueResponse(
        **fields_of(catalogue, Catalogue.model_fields.keys() - {"locations"}),
        locations=[
            LocationResponse(
                **dict(country_response(location.country)),
                open=location.routed_to == location.country,
                routed_to=country_response(location.routed_to),
            )
            for location in catalogue.locations
        ],
    )
