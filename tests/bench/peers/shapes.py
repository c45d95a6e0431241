"""The request and response of `POST /customers` for all peers, as pydantic models."""

from typing import Literal
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field


class NewCustomer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    parent_id: str
    level: str | None = None
    service_type: Literal["all_inclusive", "software_only"]
    services_to_provide: list[Literal["all_inclusive", "software_only"]]
    device_country: str
    storage_location: str | None = None
    in_trial: bool = False


class CustomerAnswer(NewCustomer):
    id: str


def added(new: NewCustomer) -> CustomerAnswer:
    return CustomerAnswer(id=f"cus_{uuid4().hex}", **new.model_dump())


def item(customer: CustomerAnswer) -> dict[str, dict[str, str]]:
    return {"pk": {"S": customer.id}, "sk": {"S": "customer"}, "body": {"S": customer.model_dump_json()}}
