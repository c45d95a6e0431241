"""POST /customers/{customer_id}/test-devices: add a device that shows where a customer's data really lands."""

from uuid import uuid4

from shared.device_use_cases import add_test_device
from shared.devices import AddedDeviceAnswer, NewDevice
from shared.errors import (
    ArchivedError,
    BodyTooLargeError,
    BrokenRulesError,
    KeyReusedError,
    NotFoundError,
    TooManyDevicesError,
    UnsupportedMediaError,
)
from shared.facts import tell
from shared.http import Api, IdempotencyKey, Response, ValidateOnly

app = Api("add_test_device")


@app.serves(
    AddedDeviceAnswer,
    status=201,
    refuses=[
        NotFoundError,
        ArchivedError,
        TooManyDevicesError,
        BodyTooLargeError,
        UnsupportedMediaError,
        BrokenRulesError,
        KeyReusedError,
    ],
)
def route(
    customer_id: str,
    new: NewDevice,
    validate_only: ValidateOnly = False,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Add a device that shows where a customer's data really lands."""
    added = add_test_device(
        app.store,
        app.caller,
        customer_id,
        new,
        idempotency_key=idempotency_key or str(uuid4()),
        validate_only=validate_only,
    )
    tell(f"test_device_{added.outcome}", device_id=added.device.id, matches=added.device.matches)
    return app.made(
        added.device, added.outcome, at=f"/customers/{added.device.customer_id}/test-devices/{added.device.id}"
    )


lambda_handler = app.started()
