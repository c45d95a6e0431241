"""Powertools' resolver with validation, as in its documentation."""

import os

import boto3
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from peers.shapes import CustomerAnswer, NewCustomer, added, item

app = APIGatewayHttpResolver(enable_validation=True)
dynamodb = boto3.client("dynamodb")


@app.post("/customers")
def add_customer(new: NewCustomer) -> tuple[CustomerAnswer, int]:
    customer = added(new)
    dynamodb.put_item(TableName=os.environ["TABLE_NAME"], Item=item(customer))
    return customer, 201


def handler(event, context):
    return app.resolve(event, context)
