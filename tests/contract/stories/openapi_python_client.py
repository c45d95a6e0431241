"""Play the story with the client of openapi-python-client. See tests/contract/story.py."""

import json
import sys
import time
from typing import Any

import httpx
from backup_customers_client import AuthenticatedClient
from backup_customers_client.api.accounts import get_me
from backup_customers_client.api.customers import (
    add_customer,
    archive_customer,
    change_customer,
    get_customer,
    list_customers,
    restore_customer,
)
from backup_customers_client.api.devices import add_test_device, list_devices_csv, remove_test_device
from backup_customers_client.api.imports import add_import, get_import
from backup_customers_client.models import (
    AddedDeviceResponse,
    ChangedCustomerResponse,
    CustomerChange,
    CustomerPage,
    CustomerPreview,
    CustomerResponse,
    GatewayProblem,
    ImportResponse,
    Me,
    NewCustomer,
    NewCustomerServicesToProvideType0Item,
    NewImportRequest,
    NewTestDevice,
    Problem,
)
from backup_customers_client.types import UNSET, Response, Unset

given = json.load(sys.stdin)
name: str = given["name"]


def client(token: str) -> AuthenticatedClient:
    return AuthenticatedClient(given["url"], token=token, timeout=httpx.Timeout(120), raise_on_unexpected_status=True)


def parsed[Model](model: type[Model], response: Response[Any]) -> Model:
    assert isinstance(response.parsed, model), response
    return response.parsed


def saw(step: str, response: Response[Any], *facts: object) -> None:
    print(json.dumps([step, response.status_code.value, *facts]))


api = client(given["token"])

response: Response[Any] = get_me.sync_detailed(client=api)
root = parsed(Me, response).customer
saw("get_me", response, root.level)

response = get_me.sync_detailed(client=client(given["expired_token"]))
saw("expired_token", response, parsed(GatewayProblem, response).message)

new = NewCustomer(
    name=name,
    parent_id=root.id,
    level="distributor",
    service_type="all_inclusive",
    services_to_provide=[NewCustomerServicesToProvideType0Item.ALL_INCLUSIVE],
    device_country="Denmark",
)
response = add_customer.sync_detailed(client=api, body=new, validate_only=True)
preview = parsed(CustomerPreview, response)
saw("preview", response, preview.name, preview.storage_location.code)

response = add_customer.sync_detailed(client=api, body=new, idempotency_key=name)
distributor = parsed(CustomerResponse, response)
saw("add", response, distributor.name, response.headers["location"] == f"/customers/{distributor.id}")

response = add_customer.sync_detailed(client=api, body=new, idempotency_key=name)
same = parsed(CustomerResponse, response).id == distributor.id
saw("repeat", response, same, response.headers["idempotent-replayed"])

response = add_customer.sync_detailed(client=api, body=NewCustomer(parent_id=distributor.id, device_country="Atlantis"))
problem = parsed(Problem, response)
saw("broken_rules", response, problem.code, sorted(str(error.pointer) for error in problem.errors))

response = get_customer.sync_detailed("cus_absent", client=api)
saw("absent", response, parsed(Problem, response).code)

content = f"""name,parent_id,level,service_type,services_to_provide,device_country,in_trial
{name} reseller,{distributor.id},reseller,all_inclusive,all_inclusive,DK,
{name} end-customer,{name} reseller,end_customer,all_inclusive,,SE,true
"""
response = add_import.sync_detailed(client=api, body=NewImportRequest(content=content), idempotency_key=name)
job = parsed(ImportResponse, response)
while job.finished_at is None:
    time.sleep(0.2)
    job = parsed(ImportResponse, get_import.sync_detailed(job.id, client=api))
saw("import", response, job.created, [row.status for row in job.results])
end_customer_id = str(job.results[1].customer_id)

names: list[str] = []
cursor: str | Unset | None = UNSET
while cursor is not None:
    response = list_customers.sync_detailed(client=api, within=distributor.id, limit=1, cursor=cursor)
    page = parsed(CustomerPage, response)
    names += [customer.name for customer in page.customers]
    cursor = page.next_cursor
saw("list", response, names)

response = get_customer.sync_detailed(end_customer_id, client=api)
end_customer = parsed(CustomerResponse, response)
etag = response.headers["etag"]
change = CustomerChange(name=f"{name} changed")
response = change_customer.sync_detailed(end_customer_id, client=api, body=change, if_match=etag)
changed = parsed(ChangedCustomerResponse, response)
assert changed.trial is not None
saw("change", response, changed.name, changed.state, changed.trial.days_left, changed.version > end_customer.version)

response = add_test_device.sync_detailed(end_customer_id, client=api, body=NewTestDevice(name="Laptop"))
device = parsed(AddedDeviceResponse, response)
saw("add_test_device", response, device.is_test, device.invoiced, device.expected.code)

response = list_devices_csv.sync_detailed(end_customer_id, client=api)
saw("csv", response, len(parsed(str, response).splitlines()))

saw("remove_test_device", remove_test_device.sync_detailed(end_customer_id, device.id, client=api))

etag = get_customer.sync_detailed(end_customer_id, client=api).headers["etag"]
response = archive_customer.sync_detailed(end_customer_id, client=api, if_match=etag)
archived = parsed(CustomerResponse, response)
saw("archive", response, archived.archive is not None)

response = restore_customer.sync_detailed(end_customer_id, client=api, if_match=response.headers["etag"])
saw("restore", response, parsed(CustomerResponse, response).archive is None)
