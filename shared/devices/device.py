"""Test devices: the stored record, the rules for adding one, and the response.

A test device shows where a customer's data is stored: its customer's storage location, through the current routing. It
is never invoiced. Source: domain.md, "Test devices".
"""

import hashlib
from datetime import datetime
from secrets import token_urlsafe
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.auth.authorization import Account
from shared.customers.customer import Customer
from shared.errors import RuleViolation, Violations
from shared.idempotency import Identified, request_hash
from shared.storage_locations.catalogue import Catalogue
from shared.values.countries import CountryCode, CountryResponse, country_response
from shared.values.models import fields_of
from shared.values.names import MAX_NAME_LENGTH, normalize_name
from shared.values.timestamps import Timestamp

MAX_TEST_DEVICES: Final = 10


class Device(BaseModel):
    """A test device. Its data is in `storage_location`. `expected_location` is its customer's when it was added."""

    model_config = ConfigDict(frozen=True)

    id: str
    customer_id: str
    customer_path: str
    name: str
    storage_location: CountryCode | None = None
    expected_location: CountryCode
    catalogue_version: int
    token_hash: str = ""
    removed: bool = False  # a removed device stays as a tombstone, so that its key adds no second one
    version: int = 1
    created_at: Timestamp
    created_by: str
    request_hash: str = ""

    @property
    def path(self) -> str:
        """The position in the tree, below the customer."""
        return f"{self.customer_path}/{self.id}"


class NewDevice(BaseModel):
    """Body of POST /customers/{customer_id}/test-devices."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: str | None = Field(None, description=f"1 to {MAX_NAME_LENGTH} characters.")


def new_device(
    new: NewDevice, customer: Customer, catalogue: Catalogue, actor: Account, *, id: str, token: str, now: datetime
) -> Device:
    """Build a test device. Its data lands where the catalogue routes it now. Raises RulesViolatedError."""
    violations = Violations()
    if new.name is None:
        violations.add(RuleViolation("required", "/name", "A test device requires a name."))
    name = violations.check(normalize_name, new.name) if new.name is not None else ""
    violations.raise_if_any()
    expected = customer.storage_location.country
    return Device(
        id=id,
        customer_id=customer.id,
        customer_path=customer.path,
        name=name,
        storage_location=catalogue.lands_in(expected),
        expected_location=expected,
        catalogue_version=catalogue.version,
        token_hash=hash_of_token(token),
        created_at=now,
        created_by=actor.id,
        request_hash=request_hash(new),
    )


def new_token() -> str:
    """Return a random installation token. Only its hash is stored."""
    return f"bci_{token_urlsafe(32)}"


def with_token(device: Device, token: str) -> Device:
    """Return the device with another token, at its next version. The token before it becomes invalid."""
    return device.model_copy(update={"token_hash": hash_of_token(token), "version": device.version + 1})


def hash_of_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def device_tombstone(device: Device) -> Device:
    changes = {"removed": True, "name": "removed", "token_hash": "", "version": device.version + 1}
    return device.model_copy(update=changes)


class DevicePreview(BaseModel):
    """What a request to add a test device would create."""

    customer_id: str
    name: str
    test: Literal[True] = Field(True, description="Always true: the device tests where data lands.")
    invoiced: Literal[False] = Field(False, description="Always false: test devices are not invoiced.")
    expected: CountryResponse = Field(description="The storage location of the customer.")
    actual: CountryResponse | None = Field(
        description="Where the device's data lands, by the routing when it was added. Null if there was no route."
    )
    matches: bool
    catalogue_version: int


class DeviceResponse(DevicePreview, Identified):
    """The response with a test device."""

    created_at: Timestamp
    created_by: str


class AddedDeviceResponse(DeviceResponse):
    installation_token: str | None = Field(
        description="The token, in this response only: the system stores its hash. Null if the request is repeated: "
        "then replace the token."
    )


def show_device(device: Device, expected: str) -> DeviceResponse:
    """Build the response. `expected` is the customer's storage location, now or when the device was added."""
    return DeviceResponse(
        **fields_of(device, ("id", "customer_id", "name", "catalogue_version", "created_at", "created_by")),
        expected=country_response(expected),
        actual=country_response(device.storage_location) if device.storage_location else None,
        matches=device.storage_location == expected,
    )
