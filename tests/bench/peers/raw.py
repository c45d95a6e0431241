"""The reference: json and the requests to DynamoDB with boto3, without validation."""

import json
from uuid import uuid4

from peers import records


def add_customer(event):
    customer = {"id": f"cus_{uuid4().hex}", **json.loads(event["body"])}
    body = json.dumps(customer)
    records.add(customer["id"], body)
    return 201, body


def get_customer(event):
    return 200, json.dumps(records.customers([event["pathParameters"]["customer_id"]])[0])


def list_customers(event):
    query = event["queryStringParameters"]
    return 200, json.dumps({"customers": records.children(query["parent_id"], int(query["limit"]))})


def list_devices(event):
    limit = int(event["queryStringParameters"]["limit"])
    return 200, json.dumps({"rows": records.devices(event["pathParameters"]["customer_id"], limit)})


ROUTES = {
    "POST /customers": add_customer,
    "GET /customers/{customer_id}": get_customer,
    "GET /customers": list_customers,
    "GET /customers/{customer_id}/devices": list_devices,
}


def handler(event, _context):
    status, body = ROUTES[event["routeKey"]](event)
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": body}
