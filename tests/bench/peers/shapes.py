"""The requests and responses of all peers, as pydantic models."""

from datetime import datetime
from typing import Literal
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field

ServiceType = Literal["all_inclusive", "software_only"]


class NewCustomer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    parent_id: str
    level: str | None = None
    service_type: ServiceType
    services_to_provide: list[ServiceType]
    device_country: str
    storage_location: str | None = None
    in_trial: bool = False


class CustomerAnswer(NewCustomer):
    id: str


class Location(BaseModel):
    country: str
    decided: str
    catalogue_version: int
    decided_at: datetime


class Customer(BaseModel):
    id: str
    name: str
    level: str
    parent_id: str
    path: str
    service_type: ServiceType
    services_to_provide: list[ServiceType]
    device_country: str
    storage_location: Location
    trial_started_at: datetime | None = None
    trial_ends_at: datetime | None = None
    production_since: datetime | None = None
    references: dict[str, str]
    version: int
    created_at: datetime
    created_by: str


class Page(BaseModel):
    customers: list[Customer]


class Row(BaseModel):
    name: str
    customer: str
    storage_location: str
    matches: bool


class Rows(BaseModel):
    rows: list[Row]


def added(new: NewCustomer) -> CustomerAnswer:
    return CustomerAnswer(id=f"cus_{uuid4().hex}", **new.model_dump())
