"""Chalice as in its documentation, with pydantic. Its events are those of a REST API."""

import os

import boto3
from chalice import Chalice, Response
from peers.shapes import NewCustomer, added, item

app = Chalice(app_name="customers")
dynamodb = boto3.client("dynamodb")


@app.route("/customers", methods=["POST"])
def add_customer():
    customer = added(NewCustomer.model_validate_json(app.current_request.raw_body))
    dynamodb.put_item(TableName=os.environ["TABLE_NAME"], Item=item(customer))
    return Response(customer.model_dump_json(), headers={"Content-Type": "application/json"}, status_code=201)


def handler(event, context):
    rest = {
        "resource": "/customers",
        "path": "/customers",
        "httpMethod": "POST",
        "headers": event["headers"],
        "multiValueHeaders": {name: [value] for name, value in event["headers"].items()},
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {"resourcePath": "/customers", "httpMethod": "POST", "path": "/customers"},
        "body": event["body"],
        "isBase64Encoded": False,
    }
    return app(rest, context)
