"""The reference: json and one write with boto3, without validation."""

import json
import os
from uuid import uuid4

import boto3

dynamodb = boto3.client("dynamodb")


def handler(event, _context):
    new = json.loads(event["body"])
    customer = {"id": f"cus_{uuid4().hex}", **new}
    body = json.dumps(customer)
    dynamodb.put_item(
        TableName=os.environ["TABLE_NAME"],
        Item={"pk": {"S": customer["id"]}, "sk": {"S": "customer"}, "body": {"S": body}},
    )
    return {"statusCode": 201, "headers": {"content-type": "application/json"}, "body": body}
