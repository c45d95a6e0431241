"""GET /customers/{customer_id}/test-devices/{device_id}: one test device."""

from shared.api.http import Api, HttpResponse
from shared.devices.device import DeviceResponse
from shared.devices.use_cases import get_test_device
from shared.errors import NotFoundError

app = Api("get_test_device")


@app.serves(DeviceResponse, refuses=[NotFoundError])
def route(customer_id: str, device_id: str) -> HttpResponse:
    """One test device, compared with its customer's storage location."""
    return app.answer(get_test_device(app.store, app.caller, customer_id, device_id))


lambda_handler = app.handler()
