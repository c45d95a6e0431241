"""The catalogue of storage locations and its routing, and the rule that gives a customer its location.

A customer's storage location can differ from the country of the data centre: the current routing maps the first to
the second. Source: domain.md, "Storage location".
"""

from datetime import datetime
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.errors import RuleViolation, Violations
from shared.values.changes import Change
from shared.values.countries import COUNTRY_NAMES, CountryCode, country_code
from shared.values.timestamps import Timestamp

MAX_LOCATIONS: Final = 249

# The first version of the catalogue: the 17 countries of the source document, each with an open data centre.
FIRST_COUNTRIES: Final = tuple("AU BE BR CA DK FR DE IT NL NO PT ZA ES SE CH GB US".split())


class Location(BaseModel):
    """One storage location. `routed_to` is the country of the data centre that stores its data today."""

    model_config = ConfigDict(frozen=True)

    country: CountryCode
    routed_to: CountryCode


class Catalogue(BaseModel):
    """One version of the catalogue. Versions are numbered from 1. A version never changes."""

    model_config = ConfigDict(frozen=True)

    version: int
    locations: tuple[Location, ...]
    created_at: Timestamp
    created_by: str
    last_change: Change | None = None  # None in the first version, and in versions that are older than this attribute

    @property
    def countries(self) -> list[str]:
        return [location.country for location in self.locations]

    def lands_in(self, country: str) -> str | None:
        """Return the country of the data centre that stores the data of this location, by this version's routing.

        `None` for a location that this version does not contain: its routing is unknown.
        """
        return next((location.routed_to for location in self.locations if location.country == country), None)


# hosted: by the device country. chosen: by the caller. support: changed by support later.
DecidedBy = Literal["hosted", "chosen", "support"]


class StorageLocation(BaseModel):
    """The storage location of one customer, and how it was decided."""

    model_config = ConfigDict(frozen=True)

    country: CountryCode
    decided: DecidedBy
    catalogue_version: int
    decided_at: Timestamp


class NewLocation(BaseModel):
    """One storage location of a new version: a country by code or English name, and where its data is stored."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    country: str = Field(examples=["DE"])
    routed_to: str | None = Field(
        None,
        description="The country whose data centre holds the data. The default is the storage location itself.",
        examples=["DE"],
    )


class NewCatalogue(BaseModel):
    """Body of PUT /storage-locations: all locations of the next version."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    locations: list[NewLocation] = Field(min_length=1, max_length=MAX_LOCATIONS)


def first_catalogue(now: datetime, created_by: str) -> Catalogue:
    locations = tuple(Location(country=code, routed_to=code) for code in sorted(FIRST_COUNTRIES))
    return Catalogue(version=1, locations=locations, created_at=now, created_by=created_by)


def next_catalogue(
    current: Catalogue, new: NewCatalogue, now: datetime, created_by: str, request_id: str | None = None
) -> Catalogue:
    """Build the version after `current`, with the record of the change. Raises RulesViolatedError."""
    violations = Violations()
    named: set[str] = set()
    routes: dict[str, tuple[int, str]] = {}
    for index, entry in enumerate(new.locations):
        pointer = f"/locations/{index}"
        country = violations.check(country_code, entry.country, f"{pointer}/country")
        routed_to = violations.check(country_code, entry.routed_to or entry.country, f"{pointer}/routed_to")
        if country and country in named:
            violations.add(
                RuleViolation(
                    "location_repeated", f"{pointer}/country", f"{COUNTRY_NAMES[country]} is listed more than once."
                )
            )
        elif country and routed_to:
            routes[country] = (index, routed_to)
        named.add(country)
    for country, (index, routed_to) in routes.items():
        if routed_to in named - set(routes):  # its own entry has a violation already
            continue
        # Routing has one step: to a location with an open data centre, which is routed to itself.
        if routes.get(routed_to, (0, ""))[1] != routed_to:
            violations.add(
                RuleViolation(
                    "route_not_open",
                    f"/locations/{index}/routed_to",
                    f"{COUNTRY_NAMES[country]} is routed to {COUNTRY_NAMES[routed_to]}, which has no open data centre "
                    "in this version. Route to a location that is routed to itself.",
                )
            )
    violations.raise_if_any()
    locations = tuple(Location(country=code, routed_to=routes[code][1]) for code in sorted(routes))
    version = current.version + 1
    change = Change(
        event="storage_locations_replaced",
        at=now,
        by=created_by,
        request_id=request_id,
        version=version,
        changes=_routes_between(current.locations, locations),
    )
    return Catalogue(version=version, locations=locations, created_at=now, created_by=created_by, last_change=change)


def _routes_between(before: tuple[Location, ...], after: tuple[Location, ...]) -> dict[str, dict[Any, Any]]:
    """Return by location where its data was stored and is stored now, if that differs. None: no such location."""
    old, new = ({each.country: each.routed_to for each in locations} for locations in (before, after))
    every = sorted(old.keys() | new.keys())
    return {
        country: {"from": old.get(country), "to": new.get(country)}
        for country in every
        if old.get(country) != new.get(country)
    }


def decide_location(catalogue: Catalogue, device_country: str, choice: str | None, now: datetime) -> StorageLocation:
    """Return the storage location for devices in `device_country` (alpha-2). `choice` is the caller's.

    If the device country hosts storage, it is the only allowed location. Otherwise the caller must choose one. Raises
    RuleViolation.
    """
    pointer = "/storage_location"
    hosted = device_country in catalogue.countries
    if choice is None and not hosted:
        raise RuleViolation(
            "storage_location_required",
            pointer,
            f"No storage is hosted in {COUNTRY_NAMES[device_country]}. Choose one of the storage locations in choices.",
            choices=choices(catalogue),
        )
    country = device_country if choice is None else country_code(choice, pointer)
    if hosted and country != device_country:
        raise RuleViolation(
            "storage_location_set",
            pointer,
            f"The storage location of devices in {COUNTRY_NAMES[device_country]} is {COUNTRY_NAMES[device_country]}, "
            f"not {COUNTRY_NAMES[country]}. Omit storage_location.",
        )
    if country not in catalogue.countries:
        raise RuleViolation(
            "storage_location_unknown",
            pointer,
            f"No storage is hosted in {COUNTRY_NAMES[country]}. Choose one of the storage locations in choices.",
            choices=choices(catalogue),
        )
    return StorageLocation(
        country=country,
        decided="hosted" if hosted else "chosen",
        catalogue_version=catalogue.version,
        decided_at=now,
    )


def location_by_support(catalogue: Catalogue, country: str, now: datetime) -> StorageLocation:
    """Return the storage location that support chose, any of the current catalogue. Raises RuleViolation."""
    code = country_code(country, "/country")
    if code not in catalogue.countries:
        detail = f"No storage is hosted in {COUNTRY_NAMES[code]}. Choose one of the storage locations in choices."
        raise RuleViolation("storage_location_unknown", "/country", detail, choices=choices(catalogue))
    return StorageLocation(country=code, decided="support", catalogue_version=catalogue.version, decided_at=now)


def choices(catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return the locations to choose from, sorted by name."""
    return sorted(
        ({"code": code, "name": COUNTRY_NAMES[code]} for code in catalogue.countries), key=lambda c: c["name"]
    )
