"""What all peers write and read with boto3: one item for a customer, and the records that the stub contains."""

import os

import boto3

dynamodb = boto3.client("dynamodb")
TABLE = os.environ["TABLE_NAME"]


def add(id, body):
    dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": id}, "sk": {"S": "customer"}, "body": {"S": body}})


def customers(ids):
    """Read customers in one request, strongly consistent."""
    keys = [{"pk": {"S": f"customer#{each}"}, "sk": {"S": "customer"}} for each in ids]
    found = dynamodb.batch_get_item(RequestItems={TABLE: {"Keys": keys, "ConsistentRead": True}})
    return [plain(item) for item in found["Responses"][TABLE]]


def children(parent_id, limit):
    """Read the children of a customer by name, by one query."""
    return query("children", "parent_id = :pk", {":pk": {"S": parent_id}}, limit)


def devices(customer_id, limit):
    """Read the devices of a customer and of all below it as rows: the customer, one query, and their customers."""
    path = customers([customer_id])[0]["path"]
    condition = "tree = :pk AND begins_with(#p, :sk)"
    values = {":pk": {"S": f"device#{path.split('/')[1]}"}, ":sk": {"S": f"{path}/"}}
    found = query("subtree", condition, values, limit, {"#p": "path"})
    by_id = {customer["id"]: customer for customer in customers({device["customer_id"] for device in found})}
    return [row(device, by_id[device["customer_id"]]) for device in found]


def row(device, customer):
    location = device["storage_location"]
    matches = location == customer["storage_location"]["country"]
    return {"name": device["name"], "customer": customer["name"], "storage_location": location, "matches": matches}


def query(index, condition, values, limit, names=None):
    found = dynamodb.query(
        TableName=TABLE, IndexName=index, KeyConditionExpression=condition, ExpressionAttributeValues=values,
        Limit=limit, **({"ExpressionAttributeNames": names} if names else {}),
    )  # fmt: skip
    return [plain(item) for item in found["Items"]]


def plain(item):
    return {name: value_of(value) for name, value in item.items()}


def value_of(attribute):
    ((kind, value),) = attribute.items()
    if kind == "N":
        return int(value)
    if kind == "L":
        return [value_of(each) for each in value]
    return plain(value) if kind == "M" else value
