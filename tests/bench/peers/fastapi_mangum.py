"""FastAPI behind Mangum, as in its documentation."""

from typing import Annotated

from fastapi import FastAPI, Query
from mangum import Mangum
from peers import records
from peers.shapes import Customer, CustomerAnswer, NewCustomer, Page, Rows, added

app = FastAPI()


@app.post("/customers", status_code=201)
def add_customer(new: NewCustomer) -> CustomerAnswer:
    customer = added(new)
    records.add(customer.id, customer.model_dump_json())
    return customer


@app.get("/customers/{customer_id}")
def get_customer(customer_id: str) -> Customer:
    return Customer.model_validate(records.customers([customer_id])[0])


@app.get("/customers")
def list_customers(parent_id: str, limit: Annotated[int, Query(le=100)] = 25) -> Page:
    return Page.model_validate({"customers": records.children(parent_id, limit)})


@app.get("/customers/{customer_id}/devices")
def list_devices(customer_id: str, limit: Annotated[int, Query(le=100)] = 25) -> Rows:
    return Rows.model_validate({"rows": records.devices(customer_id, limit)})


handler = Mangum(app, lifespan="off")
