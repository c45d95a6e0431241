"""POST /customers/{customer_id}/test-devices: add a device that shows where a customer's data really lands."""

from uuid import uuid4

from shared.api.http import Api, HttpResponse, IdempotencyKey, ValidateOnly
from shared.aws.observability import log_event
from shared.devices.device import AddedDeviceResponse, NewDevice
from shared.devices.use_cases import add_test_device
from shared.errors import (
    ArchivedError,
    BodyTooLargeError,
    KeyReusedError,
    NotFoundError,
    RulesViolatedError,
    TooManyDevicesError,
    UnsupportedMediaError,
)

app = Api("add_test_device")


@app.serves(
    AddedDeviceResponse,
    status=201,
    refuses=[
        NotFoundError,
        ArchivedError,
        TooManyDevicesError,
        BodyTooLargeError,
        UnsupportedMediaError,
        RulesViolatedError,
        KeyReusedError,
    ],
)
def route(
    customer_id: str,
    new: NewDevice,
    validate_only: ValidateOnly = False,
    idempotency_key: IdempotencyKey = None,
) -> HttpResponse:
    """Add a device that shows where a customer's data really lands."""
    added = add_test_device(
        app.store,
        app.caller,
        customer_id,
        new,
        idempotency_key=idempotency_key or str(uuid4()),
        validate_only=validate_only,
    )
    log_event(f"test_device_{added.outcome}", device_id=added.device.id, matches=added.device.matches)
    return app.created(
        added.device, added.outcome, at=f"/customers/{added.device.customer_id}/test-devices/{added.device.id}"
    )


lambda_handler = app.handler()
