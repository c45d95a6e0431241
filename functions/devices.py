"""Test devices, which show where a customer's data is stored; the storage check, the dashboard and its views."""

from typing import Annotated
from uuid import uuid4

from aws_lambda_powertools.event_handler.openapi.params import Query

from shared.api.app import Api
from shared.api.parameters import Accept, Cursor, Format, IdempotencyKey, Limit, ValidateOnly
from shared.api.problems import HttpResponse
from shared.aws.observability import log_event
from shared.devices import use_cases
from shared.devices.device import AddedDeviceResponse, DevicePreview, DeviceResponse, NewDevice
from shared.devices.use_cases import DevicePage, DriftPage, ViewList
from shared.devices.views import NewView, View
from shared.errors import ArchivedError, RulesViolatedError, TooManyDevicesError

app = Api("devices")


@app.serves(
    AddedDeviceResponse,
    status=201,
    preview=DevicePreview,
    raises=[ArchivedError, TooManyDevicesError, RulesViolatedError],
)
def add_test_device(
    customer_id: str, new: NewDevice, validate_only: ValidateOnly = False, idempotency_key: IdempotencyKey = None
) -> HttpResponse:
    """Add a device that shows where a customer's data is stored."""
    added = use_cases.add_test_device(
        app.store,
        app.caller,
        customer_id,
        new,
        idempotency_key=idempotency_key or str(uuid4()),
        validate_only=validate_only,
    )
    log_event(f"test_device_{added.outcome}", device_id=added.device.id, matches=added.device.matches)
    location = f"/customers/{added.device.customer_id}/test-devices/{added.device.id}"
    return app.created(added.device, added.outcome, location=location)


@app.serves(DeviceResponse)
def get_test_device(customer_id: str, device_id: str) -> HttpResponse:
    """Get a test device, compared with its customer's storage location."""
    return app.ok(use_cases.get_test_device(app.store, app.caller, customer_id, device_id))


@app.serves(AddedDeviceResponse, status=201, raises=[ArchivedError])
def replace_token(customer_id: str, device_id: str, idempotency_key: IdempotencyKey = None) -> HttpResponse:
    """Give a test device another installation token. The token before it becomes invalid."""
    replaced = use_cases.replace_token(
        app.store, app.caller, customer_id, device_id, idempotency_key=idempotency_key or str(uuid4())
    )
    log_event("token_replaced", customer_id=customer_id, device_id=device_id)
    location = f"/customers/{customer_id}/test-devices/{device_id}"
    return app.created(replaced.device, replaced.outcome, location=location)


@app.serves(None, status=204)
def remove_test_device(customer_id: str, device_id: str) -> HttpResponse:
    """Remove a test device. If-Match is not required: only its token can change."""
    use_cases.remove_test_device(app.store, app.caller, customer_id, device_id)
    log_event("test_device_removed", customer_id=customer_id, device_id=device_id)
    return app.no_content()


@app.serves(DriftPage)
def check_storage(customer_id: str, limit: Limit = 25, cursor: Cursor = None) -> HttpResponse:
    """List the customers, from this one down, whose data is stored elsewhere than in their storage location today."""
    return app.ok(use_cases.check_storage(app.store, app.caller, customer_id, limit=limit, cursor=cursor))


@app.serves(DevicePage, raises=[RulesViolatedError])
def list_devices(
    customer_id: str,
    columns: Annotated[str | None, Query(description="The columns in their order, separated by commas.")] = None,
    view: Annotated[str | None, Query(description="A saved view. The default is the view named default.")] = None,
    limit: Limit = 25,
    cursor: Cursor = None,
    format: Format = None,
    accept: Accept = None,
) -> HttpResponse:
    """List the test devices of a customer and of all below it, as rows with columns. They are never invoiced."""
    page = use_cases.list_devices(
        app.store, app.caller, customer_id, columns=columns, view=view, limit=limit, cursor=cursor
    )
    return app.table(page, "devices.csv", format=format, accept=accept)


@app.serves(ViewList)
def list_views() -> HttpResponse:
    """List the caller's views of the dashboard, including the default one."""
    return app.ok(use_cases.list_views(app.store, app.caller))


@app.serves(View)
def get_view(name: str) -> HttpResponse:
    """Get one of the caller's views."""
    return app.ok(use_cases.get_view(app.store, app.caller, name))


@app.serves(View, raises=[RulesViolatedError])
def save_view(name: str, new: NewView) -> HttpResponse:
    """Save one of the caller's views. The last version saved is stored."""
    view = use_cases.save_view(app.store, app.caller, name, new)
    log_event("view_saved", columns=len(view.columns))
    return app.ok(view)


@app.serves(None, status=204)
def remove_view(name: str) -> HttpResponse:
    """Remove one of the caller's views."""
    use_cases.remove_view(app.store, app.caller, name)
    return app.no_content()


lambda_handler = app.handler()
