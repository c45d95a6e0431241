"""A request for another storage location: the stored record, its rules, and the response.

Source: domain.md, "Storage location": only support can change a location, and is asked by such a request.
"""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.auth.authorization import Caller
from shared.customers.changes import MAX_REASON_LENGTH, normalize_reason
from shared.customers.customer import Customer, Notice, landing
from shared.errors import RulesViolatedError, RuleViolation, StaleVersionError, Violations
from shared.idempotency import Identified, request_hash
from shared.storage_locations.catalogue import Catalogue, choices
from shared.values.countries import CountryCode, CountryResponse, country_code, country_name, country_response
from shared.values.models import fields_of
from shared.values.timestamps import Timestamp

RequestState = Literal["open", "accepted", "declined"]
Decision = Literal["accepted", "declined"]


class LocationRequest(BaseModel):
    """The stored record. `from_location` is the customer's storage location when the request was made."""

    model_config = ConfigDict(frozen=True)

    id: str
    customer_id: str
    customer_path: str
    from_location: CountryCode
    location: CountryCode
    reason: str
    state: RequestState = "open"
    version: int = 1
    created_at: Timestamp
    created_by: str
    decided_at: Timestamp | None = None
    decided_by: str | None = None
    decision_reason: str | None = None
    request_hash: str = ""


class NewLocationRequest(BaseModel):
    """Body of POST /customers/{customer_id}/storage-location-requests."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    location: str = Field(
        description="One of the catalogue's locations, by ISO 3166-1 code or English name.", examples=["SE"]
    )
    reason: str = Field(
        description=f"The reason, 1 to {MAX_REASON_LENGTH} characters. Support and your company can read it."
    )


class NewDecision(BaseModel):
    """Body of POST /customers/{customer_id}/storage-location-requests/{request_id}/decision."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    decision: Decision
    reason: str = Field(
        description=f"The reason, 1 to {MAX_REASON_LENGTH} characters. The customer's company can read it."
    )


def new_location_request(
    new: NewLocationRequest, customer: Customer, catalogue: Catalogue, caller: Caller, *, id: str
) -> LocationRequest:
    """Build the request. Raises RulesViolatedError with every violation."""
    violations = Violations()
    location = violations.check(_requested_location, new.location, customer, catalogue)
    reason = violations.check(normalize_reason, new.reason)
    violations.raise_if_any()
    return LocationRequest(
        id=id,
        customer_id=customer.id,
        customer_path=customer.path,
        from_location=customer.storage_location.country,
        location=location,
        reason=reason,
        created_at=caller.now,
        created_by=caller.account_id,
        request_hash=request_hash(new),
    )


def _requested_location(location: str, customer: Customer, catalogue: Catalogue) -> str:
    code = country_code(location, "/location")
    if code == customer.storage_location.country:
        detail = f"{country_name(code)} is the storage location of the customer already. Choose another one."
        raise RuleViolation("same_location", "/location", detail)
    return _ensure_hosted(code, catalogue, "/location")


def _ensure_hosted(code: str, catalogue: Catalogue, pointer: str | None) -> str:
    if code not in catalogue.countries:
        detail = f"No storage is hosted in {country_name(code)}. Choose one of the storage locations in choices."
        raise RuleViolation("not_hosted", pointer, detail, choices=choices(catalogue))
    return code


def decided(request: LocationRequest, new: NewDecision, caller: Caller) -> LocationRequest:
    """Return the request with the decision, at its next version. Raises RulesViolatedError for the reason."""
    violations = Violations()
    reason = violations.check(normalize_reason, new.reason)
    violations.raise_if_any()
    return request.model_copy(
        update={
            "state": new.decision,
            "version": request.version + 1,
            "decided_at": max(caller.now, request.created_at),
            "decided_by": caller.account_id,
            "decision_reason": reason,
        }
    )


def ensure_acceptable(request: LocationRequest, customer: Customer, catalogue: Catalogue) -> None:
    """Check that the request still fits. Other changes of the customer since do not matter.

    Raises StaleVersionError if the storage location has changed since the request, RulesViolatedError if the requested
    location has left the catalogue.
    """
    if customer.storage_location.country != request.from_location:
        raise StaleVersionError.of("customer", customer.version)
    try:
        _ensure_hosted(request.location, catalogue, None)
    except RuleViolation as violation:
        raise RulesViolatedError.of(violation) from violation


class DecisionResponse(BaseModel):
    decided_at: Timestamp
    decided_by: str
    reason: str


class LocationRequestResponse(Identified):
    """The response with a request for another storage location."""

    state: RequestState
    customer_id: str
    customer_name: str
    customer_version: int = Field(description="Send it as If-Match to decide the request.")
    storage_location: CountryResponse = Field(description="The storage location when the request was made.")
    requested: CountryResponse
    lands_in: CountryResponse | None = Field(
        description="Where data of the requested location lands by today's routing. Null if there is no route."
    )
    notices: list[Notice] = Field(description="lands_elsewhere if that is another country than the requested one.")
    reason: str
    created_at: Timestamp
    created_by: str
    decision: DecisionResponse | None = Field(description="Null while the request is open.")


def show_location_request(
    request: LocationRequest, customer: Customer, catalogue: Catalogue
) -> LocationRequestResponse:
    """Build the response. `customer` is the request's customer as it is now."""
    lands_in, notices = landing(request.location, catalogue)
    return LocationRequestResponse(
        **fields_of(request, ("id", "state", "customer_id", "reason", "created_at", "created_by")),
        customer_name=customer.name,
        customer_version=customer.version,
        storage_location=country_response(request.from_location),
        requested=country_response(request.location),
        lands_in=lands_in,
        notices=notices,
        decision=_decision(request),
    )


def _decision(request: LocationRequest) -> DecisionResponse | None:
    if request.decided_at is None or request.decided_by is None:
        return None
    return DecisionResponse(
        decided_at=request.decided_at, decided_by=request.decided_by, reason=request.decision_reason or ""
    )


def request_id_at(created_at: datetime, derived: str) -> str:
    """Build the id of a request: it begins with its time (UTC), so that a customer's requests are sorted by time.

    >>> from datetime import UTC
    >>> request_id_at(datetime(2026, 11, 28, 9, 30, 5, 120000, UTC), "slr_k3jqabcdefgh")
    'slr_20261128093005120_k3jqabcd'
    """
    return f"slr_{created_at:%Y%m%d%H%M%S}{created_at.microsecond // 1000:03}_{derived.partition('_')[2][:8]}"
