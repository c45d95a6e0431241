"""Customers: the stored record, the requests, the rules for adding one, and the response.

docs/developing.md shows how to add a field. Source: domain.md.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from shared.auth.authorization import Caller
from shared.customers.fields import (
    MAX_REFERENCES,
    MAX_SERVICES,
    Context,
    check_field_rule,
    common_rules,
    normalize_fields,
)
from shared.customers.levels import (
    ALLOWED_CHILDREN,
    LABELS,
    LEVELS,
    SERVICE_MEANINGS,
    SERVICE_TYPES,
    Level,
    ServiceType,
)
from shared.customers.trial import STEPS, State, Trial, days_left, production_since, trial_from
from shared.errors import RulesViolatedError, RuleViolation, Violations, require
from shared.idempotency import Identified, request_hash
from shared.storage_locations.catalogue import Catalogue, DecidedBy, StorageLocation, decide_location
from shared.values.changes import Change
from shared.values.countries import CountryCode, CountryResponse, country_name, country_response
from shared.values.models import fields_of
from shared.values.names import MAX_NAME_LENGTH, fold_name
from shared.values.timestamps import Timestamp, format_timestamp


class ArchivePeriod(BaseModel):
    """A period in which a customer was archived."""

    model_config = ConfigDict(frozen=True)

    start: Timestamp
    end: Timestamp


class Customer(BaseModel):
    """The stored record of a customer. `path` contains the ids from the root to the customer, joined by `/`."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    level: Level
    parent_id: str | None = None
    path: str
    service_type: ServiceType | None = None  # a site has none of its own
    services_to_provide: tuple[ServiceType, ...] = ()
    device_country: CountryCode
    storage_location: StorageLocation
    trial_started_at: Timestamp | None = None
    trial_ends_at: Timestamp | None = None
    production_since: Timestamp | None = None  # set at creation, or when the end of a trial is recorded
    trial_ended_by: str | None = None  # an account, or "schedule"
    reminder_7_at: Timestamp | None = None  # when the reminder of 7 days before the end was sent
    reminder_3_at: Timestamp | None = None
    reminder_1_at: Timestamp | None = None
    production_request_id: str | None = None
    references: dict[str, str] = {}
    account_manager: str | None = None
    contact_email: str | None = None
    archived_at: Timestamp | None = None
    expires_at: int | None = None  # epoch seconds; an archived customer counts as removed from then on
    archives: tuple[ArchivePeriod, ...] = ()  # earlier periods in which it was archived
    # The values of changed fields when the customer was added; for a site also what it shared with its end-customer.
    # In the table, both attributes have their older names.
    initial_values: dict[str, Any] = Field(
        {}, validation_alias=AliasChoices("initial_values", "first"), serialization_alias="first"
    )
    inherited_initial_values: dict[str, Any] = Field(
        {},
        validation_alias=AliasChoices("inherited_initial_values", "inherited_first"),
        serialization_alias="inherited_first",
    )
    last_change: Change | None = None
    version: int = 1
    created_at: Timestamp
    created_by: str
    created_request_id: str | None = None
    request_hash: str = ""

    @property
    def folded_name(self) -> str:
        return fold_name(self.name)

    @property
    def parent_path(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def reminded(self) -> int | None:
        """The last reminder that was sent, as days before the end (7, 3 or 1). None if none was sent."""
        return min((days for days in STEPS if days and getattr(self, f"reminder_{days}_at")), default=None)

    @property
    def trial(self) -> Trial | None:
        return (
            Trial(self.trial_started_at, self.trial_ends_at) if self.trial_started_at and self.trial_ends_at else None
        )

    def production_since_at(self, now: datetime) -> datetime | None:
        return production_since(self.trial, self.created_at, self.production_since, now)


_SERVICE_TYPE: Final = "One that the parent provides. " + " ".join(
    f"{service}: {meaning[0].lower()}{meaning[1:]}" for service, meaning in SERVICE_MEANINGS.items()
)


class NewCustomer(BaseModel):
    """Body of POST /customers. Which fields are required or refused depends on the level: see the options route."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: str | None = Field(None, description=f"1 to {MAX_NAME_LENGTH} characters, unique among siblings.")
    parent_id: str | None = Field(None, description="The id of the customer below which this one is added.")
    level: str | None = Field(
        None,
        description="Required if the parent allows several levels. Otherwise the system sets it.",
        json_schema_extra={"enum": [*LEVELS[1:], None]},
    )
    service_type: str | None = Field(
        None, description=_SERVICE_TYPE, json_schema_extra={"enum": [*SERVICE_TYPES, None]}
    )
    services_to_provide: list[Annotated[str, Field(json_schema_extra={"enum": [*SERVICE_TYPES]})]] | None = Field(
        None, max_length=MAX_SERVICES, description="At least one of the services that the parent provides."
    )
    device_country: str | None = Field(
        None, description="An ISO 3166-1 code or an English name.", examples=["DE", "Germany"]
    )
    storage_location: str | None = Field(
        None,
        description="One of the catalogue's locations, if the device country hosts none. Otherwise the system sets it.",
    )
    in_trial: bool | None = Field(
        None, description="For end-customers only: start with a trial of 30 days, which are not invoiced."
    )
    references: dict[str, str] | None = Field(
        None, description="The customer's ids in other systems, by system, such as psa or crm."
    )
    account_manager: str | None = Field(
        None,
        description="For a distributor: whom its companies consult about data centres, such as a name and an address.",
    )
    contact_email: str | None = Field(
        None, description="For a reseller or an end-customer: the e-mail address for later notices."
    )


class CustomerChange(BaseModel):
    """Body of PATCH /customers/{customer_id}. An omitted field does not change."""

    # What to do instead of changing a field that can't be changed here.
    instead: ClassVar[Mapping[str, str]] = {
        "storage_location": "Only support can change the storage location. Ask support for another one with "
        "POST /customers/{customer_id}/storage-location-requests.",
        "parent_id": "A customer can't be moved. Add it below the other parent, and archive this one.",
        "level": "The level can't be changed. Add a customer of the other level, and archive this one.",
        "in_trial": "A trial begins with the customer only. End it with POST /customers/{customer_id}/production.",
    }

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: str | None = None
    service_type: str | None = Field(
        None, description=_SERVICE_TYPE, json_schema_extra={"enum": [*SERVICE_TYPES, None]}
    )
    services_to_provide: list[str] | None = Field(None, max_length=MAX_SERVICES)
    device_country: str | None = Field(
        None, description="An ISO 3166-1 code or an English name. The storage location does not change."
    )
    references: dict[str, str | None] | None = Field(
        None,
        max_length=2 * MAX_REFERENCES,
        description="References to set, by system. Null removes one. Systems that are not listed stay.",
    )
    account_manager: str | None = Field(None, description="For a distributor only. An empty text removes it.")
    contact_email: str | None = Field(
        None, description="For a reseller or an end-customer only. An empty text removes it."
    )


def new_customer(
    new: NewCustomer, parent: Customer | None, catalogue: Catalogue, *, id: str, caller: Caller
) -> Customer:
    """Build the customer that `new` requests below `parent`, which is None if the request names none.

    Raises RulesViolatedError with every violation. The store decides whether the name and the references are free.
    """
    violations = Violations()
    given = given_fields(new)
    level: Level | None = None
    levels: tuple[Level, ...] = ()
    if parent is None:
        levels = LEVELS[1:]
    elif not ALLOWED_CHILDREN[parent.level]:  # no other violation matters
        detail = "A site can't have children. Choose another parent."
        raise RulesViolatedError.of(RuleViolation("parent_holds_nothing", "/parent_id", detail))
    else:
        level = violations.check(_level, new.level, parent)
        levels = (level,) if level else ALLOWED_CHILDREN[parent.level]
    # Without a valid parent or level, check the rules that all possible levels share.
    for field, rule in common_rules(levels).items():
        violations.check(check_field_rule, field, rule, given=field in given, levels=levels)
    values = normalize_fields(violations, given, Context(levels, provided_by(parent)))
    country = values.get("device_country")
    location = (
        violations.check(decide_location, catalogue, country, new.storage_location, caller.now) if country else None
    )
    violations.raise_if_any()
    parent, level = require(parent), require(level)
    trial = trial_from(caller.now) if new.in_trial else None
    return Customer(
        **values,
        id=id,
        level=level,
        parent_id=parent.id,
        path=f"{parent.path}/{id}",
        storage_location=require(location),
        trial_started_at=trial and trial.started_at,
        trial_ends_at=trial and trial.ends_at,
        production_since=None if trial or level == "site" else caller.now,
        inherited_initial_values=_inherited(parent, caller.now) if level == "site" else {},
        created_at=caller.now,
        created_by=caller.account_id,
        created_request_id=caller.request_id,
        request_hash=request_hash(new),
    )


def given_fields(request: BaseModel) -> dict[str, Any]:
    """Return the fields of a request that have a value. null counts as omitted."""
    return {field: value for field in type(request).model_fields if (value := getattr(request, field)) is not None}


def provided_by(parent: Customer | None) -> tuple[ServiceType, ...]:
    """Return the service types that a child may have: all if the parent is unknown or provides none."""
    return parent.services_to_provide if parent and parent.services_to_provide else SERVICE_TYPES


def _inherited(end_customer: Customer, now: datetime) -> dict[str, Any]:
    """Return the end-customer's values that a new site shows and that may change later. The trial never changes."""
    since = end_customer.production_since_at(now)
    return {"service_type": end_customer.service_type, "production_since": since and format_timestamp(since)}


def _level(level: str | None, parent: Customer) -> Level:
    allowed = ALLOWED_CHILDREN[parent.level]
    if level is None and len(allowed) == 1:
        return allowed[0]
    if level not in allowed:
        raise RuleViolation(
            "required" if level is None else "level_not_allowed",
            "/level",
            f"A child of {LABELS[parent.level]} has the level {' or '.join(allowed)}"
            + (f", not {level[:32]}." if level else "."),
            values=list(allowed),
        )
    return level


class Notice(BaseModel):
    """Something in a response that the caller might not expect."""

    code: str
    detail: str


class StorageLocationResponse(CountryResponse):
    decided: DecidedBy = Field(
        description="How the location was decided: by the device country, chosen by the caller, or changed by support."
    )
    decided_for: CountryResponse | None = Field(
        description="The device country when the customer was added, for which the location was set or chosen. Null if "
        "support has changed the location."
    )
    explanation: str = Field(description="How the location was decided, as a sentence.")
    catalogue_version: int
    decided_at: Timestamp


DaysLeft = Annotated[
    int, Field(ge=0, le=30, description="Days of 24 hours until the end, rounded up. 0 if no trial is running.")
]


class TrialResponse(BaseModel):
    started_at: Timestamp
    ends_at: Timestamp
    days_left: DaysLeft


class ArchiveResponse(BaseModel):
    archived_at: Timestamp
    removed_at: Timestamp = Field(
        description="The time until which the customer can be restored. Then it is removed, and its name is free."
    )


def landing(location: str, catalogue: Catalogue) -> tuple[CountryResponse | None, list[Notice]]:
    """Return where the data of a storage location lands by this catalogue's routing, and a notice if elsewhere.

    Source: domain.md, "Storage location".
    """
    lands_in = catalogue.lands_in(location)
    if lands_in == location:
        return country_response(location), []
    name = country_name(location)
    detail = (
        f"Today the data of the storage location {name} lands in {country_name(lands_in)}."
        if lands_in
        else f"Today no data centre stores the data of the storage location {name}. Contact support."
    )
    return country_response(lands_in) if lands_in else None, [Notice(code="lands_elsewhere", detail=detail)]


class CustomerPreview(BaseModel):
    """What a request to add a customer would create: the customer without its id, path and version."""

    name: str
    level: Level
    parent_id: str | None
    service_type: ServiceType | None
    inherited_from: str | None = Field(
        description="For a site: the id of the end-customer whose service_type, trial and state it shares, else null."
    )
    services_to_provide: list[ServiceType]
    device_country: CountryResponse
    storage_location: StorageLocationResponse
    lands_in: CountryResponse | None = Field(
        description="The country of the data centre where data lands today. Null if there is none for the location."
    )
    state: State
    trial: TrialResponse | None
    production_since: Timestamp | None
    references: dict[str, str]
    account_manager: str | None = Field(description="Of a distributor: whom its companies consult about data centres.")
    contact_email: str | None = Field(description="Of a reseller or an end-customer: for later notices.")
    notices: list[Notice] = Field(
        description="What a person might not expect, such as lands_elsewhere: data lands in another country."
    )


class CustomerResponse(CustomerPreview, Identified):
    """The response with a customer. Times are RFC 3339 in UTC."""

    path: str = Field(description="The ids from the root to this customer, joined by '/'.")
    archive: ArchiveResponse | None = Field(
        description="When the customer was archived and when it is removed. Null if it is not archived."
    )
    version: int
    created_at: Timestamp
    created_by: str


# All other fields of a response are computed.
_COMPUTED: Final = {"service_type", "services_to_provide", "device_country", "storage_location", "production_since"}
_SHOWN_AS_STORED: Final = set(CustomerResponse.model_fields) & set(Customer.model_fields) - _COMPUTED


def show(
    customer: Customer, now: datetime, catalogue: Catalogue, end_customer: Customer | None = None
) -> CustomerResponse:
    """Build the response for `customer` at `now`. Its data lands where the current `catalogue` says.

    A site needs its `end_customer` for the service type and trial.
    """
    source = end_customer if customer.level == "site" and end_customer else customer
    since = source.production_since_at(now)
    if since is not None:
        since = max(since, customer.created_at)  # a site that is added later is in production from its creation
    location = customer.storage_location
    lands_in, notices = landing(location.country, catalogue)
    return CustomerResponse(
        **fields_of(customer, _SHOWN_AS_STORED),
        service_type=source.service_type,
        inherited_from=None if source is customer else source.id,
        services_to_provide=list(customer.services_to_provide),
        device_country=country_response(customer.device_country),
        storage_location=StorageLocationResponse(
            code=location.country,
            name=country_name(location.country),
            decided=location.decided,
            **_decision(customer),
            catalogue_version=location.catalogue_version,
            decided_at=location.decided_at,
        ),
        lands_in=lands_in,
        notices=notices,
        state="in_trial" if since is None else "in_production",
        trial=source.trial
        and TrialResponse(
            **source.trial._asdict(), days_left=days_left(source.trial, source.production_since_at(now), now)
        ),
        production_since=since,
        archive=_archive(customer),
    )


def _decision(customer: Customer) -> dict[str, Any]:
    """Return how the storage location was decided, which stays true after a change of the device country."""
    then = country_response(customer.initial_values.get("device_country", customer.device_country))
    match customer.storage_location.decided:
        case "hosted":
            return {"decided_for": then, "explanation": f"Set at creation by the device country then, {then.name}."}
        case "chosen":
            detail = f"Chosen at creation: the device country then, {then.name}, hosted no storage."
            return {"decided_for": then, "explanation": detail}
        case "support":
            return {"decided_for": None, "explanation": "Changed by support. The history has the reason."}


def show_as_created(customer: Customer, parent: Customer | None, catalogue: Catalogue) -> CustomerResponse:
    """Build the response for `customer` right after it was added below its parent, for a repeated request.

    `initial_values` contains every value that has changed since. The trial is shown as of the creation.
    """
    created = {**customer.model_dump(exclude={"archived_at", "expires_at"}), **customer.initial_values, "version": 1}
    if customer.trial:  # a clock that is behind can record the end of the trial as the time of creation
        created["production_since"] = None
    if customer.level == "site" and parent:
        parent = Customer.model_validate({**parent.model_dump(), **customer.inherited_initial_values})
    return show(Customer.model_validate(created), customer.created_at, catalogue, parent)


def _archive(customer: Customer) -> ArchiveResponse | None:
    if customer.archived_at is None or customer.expires_at is None:
        return None
    removed_at = datetime.fromtimestamp(customer.expires_at, UTC)
    return ArchiveResponse(archived_at=customer.archived_at, removed_at=removed_at)
