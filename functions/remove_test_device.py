"""DELETE /customers/{customer_id}/test-devices/{device_id}: take a test device away."""

from shared.api.http import Api, HttpResponse
from shared.aws.observability import log_event
from shared.devices.use_cases import remove_test_device
from shared.errors import NotFoundError

app = Api("remove_test_device")


@app.serves(None, status=204, refuses=[NotFoundError])
def route(customer_id: str, device_id: str) -> HttpResponse:
    """Take a test device away. It never changes, so no If-Match is asked for."""
    remove_test_device(app.store, app.caller, customer_id, device_id)
    log_event("test_device_removed", customer_id=customer_id, device_id=device_id)
    return app.no_content()


lambda_handler = app.handler()
