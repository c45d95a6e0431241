"""Chalice as in its documentation, with pydantic. Its events are those of a REST API."""

from chalice import Chalice, Response
from peers import records
from peers.shapes import Customer, NewCustomer, Page, Rows, added

app = Chalice(app_name="customers")


def answer(model, status=200):
    return Response(model.model_dump_json(), headers={"Content-Type": "application/json"}, status_code=status)


@app.route("/customers", methods=["POST"])
def add_customer():
    customer = added(NewCustomer.model_validate_json(app.current_request.raw_body))
    records.add(customer.id, customer.model_dump_json())
    return answer(customer, 201)


@app.route("/customers/{customer_id}", methods=["GET"])
def get_customer(customer_id):
    return answer(Customer.model_validate(records.customers([customer_id])[0]))


@app.route("/customers", methods=["GET"])
def list_customers():
    query = app.current_request.query_params
    return answer(Page.model_validate({"customers": records.children(query["parent_id"], int(query["limit"]))}))


@app.route("/customers/{customer_id}/devices", methods=["GET"])
def list_devices(customer_id):
    limit = int(app.current_request.query_params["limit"])
    return answer(Rows.model_validate({"rows": records.devices(customer_id, limit)}))


def handler(event, context):
    method, _, resource = event["routeKey"].partition(" ")
    query = event.get("queryStringParameters")
    rest = {
        "resource": resource,
        "path": event["rawPath"],
        "httpMethod": method,
        "headers": event["headers"],
        "multiValueHeaders": {name: [value] for name, value in event["headers"].items()},
        "multiValueQueryStringParameters": query and {name: [value] for name, value in query.items()},
        "pathParameters": event.get("pathParameters"),
        "stageVariables": None,
        "requestContext": {"resourcePath": resource, "httpMethod": method, "path": event["rawPath"]},
        "body": event.get("body"),
        "isBase64Encoded": False,
    }
    return app(rest, context)
