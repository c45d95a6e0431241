"""GET /customers/{customer_id}/test-devices/{device_id}: one test device."""

from shared.device_use_cases import get_test_device
from shared.devices import DeviceAnswer
from shared.errors import NotFoundError
from shared.http import Api, Response

app = Api("get_test_device")


@app.serves(DeviceAnswer, refuses=[NotFoundError])
def route(customer_id: str, device_id: str) -> Response:
    """One test device, compared with its customer's storage location."""
    return app.answer(get_test_device(app.store, app.caller, customer_id, device_id))


lambda_handler = app.started()
