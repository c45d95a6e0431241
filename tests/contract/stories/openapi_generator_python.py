"""Play the story with the Python client of openapi-generator. See tests/contract/story.py."""

import json
import sys
import time
from typing import Any

from openapi_client import (
    AccountsApi,
    ApiClient,
    ApiResponse,
    Configuration,
    CustomerChange,
    CustomerPreview,
    CustomersApi,
    DevicesApi,
    GatewayProblem,
    ImportsApi,
    NewCustomer,
    NewImportRequest,
    NewTestDevice,
    Problem,
)
from openapi_client.exceptions import NotFoundException, UnauthorizedException, UnprocessableEntityException

given = json.load(sys.stdin)
name: str = given["name"]


def client(token: str) -> ApiClient:
    return ApiClient(Configuration(host=given["url"], access_token=token))


def saw(step: str, response: ApiResponse[Any], *facts: object) -> None:
    print(json.dumps([step, response.status_code, *facts]))


def parsed[Model](model: type[Model], data: object) -> Model:
    assert isinstance(data, model), data
    return data


def header(response: ApiResponse[Any], name: str) -> str:
    assert response.headers is not None
    return response.headers[name]


api = client(given["token"])
customers, devices, imports = CustomersApi(api), DevicesApi(api), ImportsApi(api)

me = AccountsApi(api).get_me_with_http_info()
saw("get_me", me, me.data.customer.level)

try:
    AccountsApi(client(given["expired_token"])).get_me()
except UnauthorizedException as error:
    print(json.dumps(["expired_token", error.status, parsed(GatewayProblem, error.data).message]))

new = NewCustomer(
    name=name,
    parent_id=me.data.customer.id,
    level="distributor",
    service_type="all_inclusive",
    services_to_provide=["all_inclusive"],
    device_country="Denmark",
)
response = customers.add_customer_with_http_info(new, validate_only=True)
preview = parsed(CustomerPreview, response.data)
saw("preview", response, preview.name, preview.storage_location.code)

response = customers.add_customer_with_http_info(new, idempotency_key=name)
distributor = response.data
saw("add", response, distributor.name, header(response, "Location") == f"/customers/{distributor.id}")

response = customers.add_customer_with_http_info(new, idempotency_key=name)
saw("repeat", response, response.data.id == distributor.id, header(response, "Idempotent-Replayed"))

try:
    customers.add_customer(NewCustomer(parent_id=distributor.id, device_country="Atlantis"))
except UnprocessableEntityException as error:
    problem = parsed(Problem, error.data)
    print(
        json.dumps(["broken_rules", error.status, problem.code, sorted(str(each.pointer) for each in problem.errors)])
    )

try:
    customers.get_customer("cus_absent")
except NotFoundException as error:
    print(json.dumps(["absent", error.status, parsed(Problem, error.data).code]))

content = f"""name,parent_id,level,service_type,services_to_provide,device_country,in_trial
{name} reseller,{distributor.id},reseller,all_inclusive,all_inclusive,DK,
{name} end-customer,{name} reseller,end_customer,all_inclusive,,SE,true
"""
accepted = imports.add_import_with_http_info(name, NewImportRequest(content=content))
job = accepted.data
while job.finished_at is None:
    time.sleep(0.2)
    job = imports.get_import(job.id)
saw("import", accepted, job.created, [row.status for row in job.results])
end_customer_id = str(job.results[1].customer_id)

page = customers.list_customers_with_http_info(within=distributor.id, limit=1)
names = [customer.name for customer in page.data.customers]
while cursor := page.data.next_cursor:
    page = customers.list_customers_with_http_info(within=distributor.id, limit=1, cursor=cursor)
    names += [customer.name for customer in page.data.customers]
saw("list", page, names)

response = customers.get_customer_with_http_info(end_customer_id)
end_customer = response.data
etag = header(response, "ETag")
changed = customers.change_customer_with_http_info(end_customer_id, etag, CustomerChange(name=f"{name} changed"))
assert changed.data.trial is not None
facts = changed.data.name, changed.data.state, changed.data.trial.days_left
saw("change", changed, *facts, changed.data.version > end_customer.version)

device = devices.add_test_device_with_http_info(end_customer_id, NewTestDevice(name="Laptop"))
saw("add_test_device", device, device.data.is_test, device.data.invoiced, device.data.expected.code)

csv = devices.list_devices_csv_with_http_info(end_customer_id)
saw("csv", csv, len(csv.data.splitlines()))

saw("remove_test_device", devices.remove_test_device_with_http_info(end_customer_id, device.data.id))

etag = header(customers.get_customer_with_http_info(end_customer_id), "ETag")
archived = customers.archive_customer_with_http_info(end_customer_id, etag)
saw("archive", archived, archived.data.archive is not None)

restored = customers.restore_customer_with_http_info(end_customer_id, header(archived, "ETag"))
saw("restore", restored, restored.data.archive is None)
