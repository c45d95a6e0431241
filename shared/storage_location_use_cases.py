"""What can be done with the catalogue of storage locations."""

from pydantic import BaseModel

from shared.accounts import Caller, permit
from shared.countries import NAMES
from shared.customers import CountryAnswer
from shared.errors import NotFoundError, StaleVersionError
from shared.keys import CATALOGUE, catalogue_items, catalogue_key
from shared.reading import read
from shared.storage_locations import Catalogue, NewCatalogue, next_catalogue
from shared.store import ConditionFailedError, Put, Store
from shared.times import Time


class LocationAnswer(CountryAnswer):
    """A storage location. Its data lands in its own country where `open`, else where it is `routed_to`."""

    open: bool
    routed_to: CountryAnswer


class CatalogueAnswer(BaseModel):
    version: int
    locations: list[LocationAnswer]
    created_at: Time
    created_by: str


def get_storage_locations(store: Store, caller: Caller, version: int | None = None) -> CatalogueAnswer:
    """The catalogue in force, or an older version. Raises NotFoundError."""
    key = CATALOGUE if version is None else catalogue_key(version)
    account, found = read(store, caller, key)
    permit(account, caller.operation)
    if key not in found:
        raise NotFoundError
    return _show(Catalogue.model_validate(found[key]))


def replace_storage_locations(store: Store, caller: Caller, new: NewCatalogue, *, version: int) -> CatalogueAnswer:
    """Put the version after `version` in force; customers keep theirs. For support only.

    Raises ForbiddenError, StaleVersionError, BrokenRulesError.
    """
    account, found = read(store, caller, CATALOGUE)
    permit(account, caller.operation)
    current = Catalogue.model_validate(found[CATALOGUE])
    catalogue = next_catalogue(current, new, caller.now, account.id)
    if current.version == version + 1 and (current.created_by, current.locations) == (account.id, catalogue.locations):
        return _show(current)  # the same request again, whose answer was lost
    if current.version != version:
        raise StaleVersionError.of("catalogue", current.version)
    this_version, in_force = catalogue_items(catalogue)
    try:
        store.write(Put(this_version), Put(in_force, when={"version": version}))
    except ConditionFailedError as failed:
        now_there = failed.found.get(CATALOGUE) or {}
        raise StaleVersionError.of("catalogue", now_there.get("version", catalogue.version)) from failed
    return _show(catalogue)


def _show(catalogue: Catalogue) -> CatalogueAnswer:
    def country(code: str) -> CountryAnswer:
        return CountryAnswer(code=code, name=NAMES[code])

    return CatalogueAnswer(
        **catalogue.model_dump(exclude={"locations"}),
        locations=[
            LocationAnswer(
                **country(location.country).model_dump(),
                open=location.routed_to == location.country,
                routed_to=country(location.routed_to),
            )
            for location in catalogue.locations
        ],
    )
