"""FastAPI behind Mangum, as in its documentation."""

import os

import boto3
from fastapi import FastAPI
from mangum import Mangum
from peers.shapes import CustomerAnswer, NewCustomer, added, item

app = FastAPI()
dynamodb = boto3.client("dynamodb")


@app.post("/customers", status_code=201)
def add_customer(new: NewCustomer) -> CustomerAnswer:
    customer = added(new)
    dynamodb.put_item(TableName=os.environ["TABLE_NAME"], Item=item(customer))
    return customer


handler = Mangum(app, lifespan="off")
