"""Devices; test devices, which show where data lands; the storage check, the dashboard and its views."""

from typing import Annotated
from uuid import uuid4

from aws_lambda_powertools.event_handler.openapi.params import Query

from shared.api.app import Api
from shared.api.parameters import Accept, Cursor, Format, IdempotencyKey, IfMatch, Limit, ValidateOnly, required_version
from shared.api.problems import HttpResponse
from shared.aws.observability import log_event
from shared.devices import dashboard, use_cases, view_use_cases
from shared.devices.dashboard import DevicePage, DriftPage
from shared.devices.device import (
    AddedDeviceResponse,
    DeviceChange,
    DevicePreview,
    DeviceResponse,
    NewDevice,
    NewTestDevice,
)
from shared.devices.use_cases import DeviceId
from shared.devices.view_use_cases import ViewList
from shared.devices.views import NewView, View
from shared.errors import ArchivedError, RulesViolatedError, TooManyDevicesError, TooManyTestDevicesError

app = Api("devices")


@app.serves(
    AddedDeviceResponse,
    status=201,
    preview=DevicePreview,
    raises=[ArchivedError, TooManyDevicesError, RulesViolatedError],
)
def add_device(
    customer_id: str, new: NewDevice, validate_only: ValidateOnly = False, idempotency_key: IdempotencyKey = None
) -> HttpResponse:
    """Add a device for a reseller, an end-customer or a site. The days of the latter two are invoiced after a trial."""
    return _add(customer_id, new, validate_only, idempotency_key)


@app.serves(
    AddedDeviceResponse,
    status=201,
    preview=DevicePreview,
    raises=[ArchivedError, TooManyTestDevicesError, RulesViolatedError],
)
def add_test_device(
    customer_id: str, new: NewTestDevice, validate_only: ValidateOnly = False, idempotency_key: IdempotencyKey = None
) -> HttpResponse:
    """Add a device that shows where a customer's data is stored."""
    return _add(customer_id, new, validate_only, idempotency_key)


def _add(
    customer_id: str, new: NewDevice | NewTestDevice, validate_only: bool, idempotency_key: str | None
) -> HttpResponse:
    added = use_cases.add_device(
        app.store,
        app.caller,
        customer_id,
        new,
        idempotency_key=idempotency_key or str(uuid4()),
        validate_only=validate_only,
    )
    shown = added.device
    log_event(f"device_{added.outcome}", device_id=shown.id, is_test=shown.is_test, matches=shown.matches)
    return app.created(shown, added.outcome, location=_location(DeviceId(customer_id, shown.id, shown.is_test)))


def _location(device: DeviceId) -> str:
    return f"/customers/{device.customer_id}/{'test-devices' if device.is_test else 'devices'}/{device.id}"


@app.serves(DeviceResponse)
def get_device(customer_id: str, device_id: str) -> HttpResponse:
    """Get a device."""
    return app.ok(use_cases.get_device(app.store, app.caller, DeviceId(customer_id, device_id)))


@app.serves(DeviceResponse)
def get_test_device(customer_id: str, device_id: str) -> HttpResponse:
    """Get a test device, compared with its customer's storage location."""
    return app.ok(use_cases.get_device(app.store, app.caller, DeviceId(customer_id, device_id, is_test=True)))


@app.serves(DeviceResponse, raises=[ArchivedError, RulesViolatedError])
def change_device(customer_id: str, device_id: str, change: DeviceChange, if_match: IfMatch = None) -> HttpResponse:
    """Rename a device."""
    device, version = DeviceId(customer_id, device_id), required_version(if_match)
    changed = use_cases.change_device(app.store, app.caller, device, change, version=version)
    log_event("device_renamed", customer_id=customer_id, device_id=device_id)
    return app.ok(changed)


@app.serves(AddedDeviceResponse, status=201, raises=[ArchivedError])
def replace_device_token(customer_id: str, device_id: str, idempotency_key: IdempotencyKey = None) -> HttpResponse:
    """Give a device another installation token. The token before it becomes invalid."""
    return _replace_token(DeviceId(customer_id, device_id), idempotency_key)


@app.serves(AddedDeviceResponse, status=201, raises=[ArchivedError])
def replace_test_device_token(customer_id: str, device_id: str, idempotency_key: IdempotencyKey = None) -> HttpResponse:
    """Give a test device another installation token. The token before it becomes invalid."""
    return _replace_token(DeviceId(customer_id, device_id, is_test=True), idempotency_key)


def _replace_token(device: DeviceId, idempotency_key: str | None) -> HttpResponse:
    key = idempotency_key or str(uuid4())
    replaced = use_cases.replace_token(app.store, app.caller, device, idempotency_key=key)
    log_event("token_replaced", customer_id=device.customer_id, device_id=device.id)
    return app.created(replaced.device, replaced.outcome, location=_location(device))


@app.serves(None, status=204)
def remove_device(customer_id: str, device_id: str) -> HttpResponse:
    """Remove a device. This day (UTC) is the last that is invoiced. If-Match is not required."""
    return _remove(DeviceId(customer_id, device_id))


@app.serves(None, status=204)
def remove_test_device(customer_id: str, device_id: str) -> HttpResponse:
    """Remove a test device. If-Match is not required: only its token can change."""
    return _remove(DeviceId(customer_id, device_id, is_test=True))


def _remove(device: DeviceId) -> HttpResponse:
    use_cases.remove_device(app.store, app.caller, device)
    log_event("device_removed", customer_id=device.customer_id, device_id=device.id)
    return app.no_content()


@app.serves(DriftPage)
def check_storage(customer_id: str, limit: Limit = 25, cursor: Cursor = None) -> HttpResponse:
    """List the customers, from this one down, whose data is stored elsewhere than in their storage location today."""
    return app.ok(dashboard.check_storage(app.store, app.caller, customer_id, limit=limit, cursor=cursor))


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
    """List the devices and test devices of a customer and of all below it, as rows with columns."""
    page = dashboard.list_devices(
        app.store, app.caller, customer_id, columns=columns, view=view, limit=limit, cursor=cursor
    )
    return app.table(page, "devices.csv", format=format, accept=accept)


@app.serves(ViewList)
def list_views() -> HttpResponse:
    """List the caller's views of the dashboard, including the default one."""
    return app.ok(view_use_cases.list_views(app.store, app.caller))


@app.serves(View)
def get_view(name: str) -> HttpResponse:
    """Get one of the caller's views."""
    return app.ok(view_use_cases.get_view(app.store, app.caller, name))


@app.serves(View, raises=[RulesViolatedError])
def save_view(name: str, new: NewView) -> HttpResponse:
    """Save one of the caller's views. The last version saved is stored."""
    view = view_use_cases.save_view(app.store, app.caller, name, new)
    log_event("view_saved", columns=len(view.columns))
    return app.ok(view)


@app.serves(None, status=204)
def remove_view(name: str) -> HttpResponse:
    """Remove one of the caller's views."""
    view_use_cases.remove_view(app.store, app.caller, name)
    return app.no_content()


lambda_handler = app.handler()
