"""Powertools' resolver with validation, as in its documentation."""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.openapi.params import Query
from peers import records
from peers.shapes import Customer, CustomerAnswer, NewCustomer, Page, Rows, added

app = APIGatewayHttpResolver(enable_validation=True)


@app.post("/customers")
def add_customer(new: NewCustomer) -> tuple[CustomerAnswer, int]:
    customer = added(new)
    records.add(customer.id, customer.model_dump_json())
    return customer, 201


@app.get("/customers/<customer_id>")
def get_customer(customer_id: str) -> Customer:
    return Customer.model_validate(records.customers([customer_id])[0])


@app.get("/customers")
def list_customers(parent_id: Annotated[str, Query()], limit: Annotated[int, Query(le=100)] = 25) -> Page:
    return Page.model_validate({"customers": records.children(parent_id, limit)})


@app.get("/customers/<customer_id>/devices")
def list_devices(customer_id: str, limit: Annotated[int, Query(le=100)] = 25) -> Rows:
    return Rows.model_validate({"rows": records.devices(customer_id, limit)})


def handler(event, context):
    return app.resolve(event, context)
