"""Devices and test devices: the stored record, the rules for adding one, and the response.

A test device shows where a customer's data lands: in its customer's storage location, through today's routing. It is
never invoiced. The days of other devices are counted for the invoice of their end-customer. Source: domain.md,
"Devices".
"""

import hashlib
from datetime import datetime
from secrets import token_urlsafe
from typing import Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from shared.auth.authorization import Account
from shared.customers.customer import Customer
from shared.customers.levels import LABELS, Level
from shared.errors import RuleViolation, Violations
from shared.idempotency import Identified, request_hash
from shared.storage_locations.catalogue import Catalogue
from shared.values.countries import CountryCode, CountryResponse, country_response
from shared.values.models import fields_of
from shared.values.names import MAX_NAME_LENGTH, normalize_name
from shared.values.timestamps import Timestamp

MAX_TEST_DEVICES: Final = 10
MAX_DEVICES: Final = 10_000
# The levels at which devices are installed. A test device can be added for any customer.
DEVICE_LEVELS: Final[tuple[Level, ...]] = ("reseller", "end_customer", "site")

DeviceKind = Literal["workstation", "server"]
DEVICE_KINDS: Final[tuple[DeviceKind, ...]] = get_args(DeviceKind)


class Device(BaseModel):
    """A device, or a test device, which has no `kind`.

    `expected_location` is its customer's storage location when it was added, and `storage_location` where its data
    landed then; once it is removed, both are of that time. What a response shows is computed from today's routing.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    customer_id: str
    customer_path: str
    end_customer_id: str | None = None  # in whose invoice its days are counted; None for a test device or a reseller's
    kind: DeviceKind | None = None
    name: str
    storage_location: CountryCode | None = None
    expected_location: CountryCode
    catalogue_version: int
    token_hash: str = ""
    removed: bool = False  # a removed device stays as a tombstone, so that its key adds no second one
    removed_at: Timestamp | None = None  # None in tombstones that are older than this attribute
    version: int = 1
    created_at: Timestamp
    created_by: str
    request_hash: str = ""

    @property
    def is_test(self) -> bool:
        return self.kind is None

    @property
    def what(self) -> str:
        """The name of what it is in events, errors and responses."""
        return "test_device" if self.is_test else "device"


class NewTestDevice(BaseModel):
    """Body of POST /customers/{customer_id}/test-devices."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: str | None = Field(None, description=f"1 to {MAX_NAME_LENGTH} characters.")


class NewDevice(NewTestDevice):
    """Body of POST /customers/{customer_id}/devices."""

    kind: str | None = Field(
        None, description="What is backed up.", json_schema_extra={"enum": [*DEVICE_KINDS, None]}, examples=["server"]
    )


class DeviceChange(BaseModel):
    """Body of PATCH /customers/{customer_id}/devices/{device_id}."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: str = Field(description=f"1 to {MAX_NAME_LENGTH} characters.")


def new_device(
    new: NewTestDevice, customer: Customer, catalogue: Catalogue, actor: Account, *, id: str, token: str, now: datetime
) -> Device:
    """Build the device that `new` requests. Raises RulesViolatedError with every violation."""
    violations = Violations()
    name = violations.check(_required_name, new)
    kind = violations.check(_required_kind, new, customer) if isinstance(new, NewDevice) else None
    violations.raise_if_any()
    expected = customer.storage_location.country
    return Device(
        id=id,
        customer_id=customer.id,
        customer_path=customer.path,
        end_customer_id=_end_customer_id(customer) if kind else None,
        kind=kind,
        name=name,
        storage_location=catalogue.lands_in(expected),
        expected_location=expected,
        catalogue_version=catalogue.version,
        token_hash=hash_of_token(token),
        created_at=now,
        created_by=actor.id,
        request_hash=request_hash(new),
    )


def _required_name(new: NewTestDevice) -> str:
    if new.name is None:
        what = "device" if isinstance(new, NewDevice) else "test device"
        raise RuleViolation("required", "/name", f"A {what} requires a name.")
    return normalize_name(new.name)


def _required_kind(new: NewDevice, customer: Customer) -> DeviceKind:
    if customer.level not in DEVICE_LEVELS:
        detail = f"Devices are added for a reseller, an end-customer or a site, not for {LABELS[customer.level]}."
        raise RuleViolation("level_not_allowed", "customer_id", f"{detail} Choose another customer.")
    kind = next((each for each in DEVICE_KINDS if each == new.kind), None)
    if kind is None:
        code = "required" if new.kind is None else "kind_unknown"
        detail = f"The kind of a device is {' or '.join(DEVICE_KINDS)}."
        raise RuleViolation(code, "/kind", detail, values=list(DEVICE_KINDS))
    return kind


def _end_customer_id(customer: Customer) -> str | None:
    """Return the end-customer in whose invoice the days of this customer's devices are counted."""
    return {"end_customer": customer.id, "site": customer.parent_id}.get(customer.level)


def new_token() -> str:
    """Return a random installation token. Only its hash is stored."""
    return f"bci_{token_urlsafe(32)}"


def with_token(device: Device, token: str) -> Device:
    """Return the device with another token, at its next version. The token before it becomes invalid."""
    return device.model_copy(update={"token_hash": hash_of_token(token), "version": device.version + 1})


def renamed(device: Device, change: DeviceChange) -> Device:
    """Return the device with another name, at its next version, or unchanged. Raises RulesViolatedError."""
    violations = Violations()
    name = violations.check(normalize_name, change.name)
    violations.raise_if_any()
    return device if name == device.name else device.model_copy(update={"name": name, "version": device.version + 1})


def hash_of_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def device_tombstone(device: Device, customer: Customer, catalogue: Catalogue, now: datetime) -> Device:
    """Return the tombstone of a device, with the time of its removal and where its data lands then."""
    expected = customer.storage_location.country
    return device.model_copy(
        update={
            "removed": True,
            "removed_at": max(now, device.created_at),
            "name": "removed",
            "token_hash": "",
            "storage_location": catalogue.lands_in(expected),
            "expected_location": expected,
            "catalogue_version": catalogue.version,
            "version": device.version + 1,
        }
    )


def is_invoiced(device: Device, end_customer: Customer, now: datetime) -> bool:
    """Return whether the days of a device are invoiced now. `end_customer` is its customer, or that of its site.

    Source: domain.md, "Devices".
    """
    return device.end_customer_id is not None and end_customer.production_since_at(now) is not None


class DevicePreview(BaseModel):
    """What a request to add a device or a test device would create."""

    customer_id: str
    name: str
    kind: DeviceKind | None = Field(description="Null for a test device.")
    is_test: bool = Field(description="A test device shows where data lands. It is never invoiced.")
    invoiced: bool = Field(
        description="Whether its days are invoiced now: as a device of an end-customer in production, or of its sites."
    )
    expected: CountryResponse = Field(description="The storage location of the customer.")
    actual: CountryResponse | None = Field(
        description="Where the device's data lands by today's routing. Null if there is no route."
    )
    matches: bool
    catalogue_version: int = Field(description="The version of the catalogue that has today's routing.")


class DeviceResponse(DevicePreview, Identified):
    """The response with a device or a test device."""

    created_at: Timestamp
    created_by: str
    version: int = Field(description="Send it as If-Match to rename the device.")


class AddedDeviceResponse(DeviceResponse):
    installation_token: str | None = Field(
        description="The token, in this response only: the system stores its hash. Null if the request is repeated: "
        "then replace the token."
    )


def show_device(device: Device, expected: str, catalogue: Catalogue, *, invoiced: bool) -> DeviceResponse:
    """Build the response. `expected` is the customer's storage location, now or when the device was added."""
    actual = catalogue.lands_in(expected)
    return DeviceResponse(
        **fields_of(device, ("id", "customer_id", "name", "kind", "is_test", "created_at", "created_by", "version")),
        invoiced=invoiced,
        expected=country_response(expected),
        actual=country_response(actual) if actual else None,
        matches=actual == expected,
        catalogue_version=catalogue.version,
    )
