"""DELETE /customers/{customer_id}/test-devices/{device_id}: take a test device away."""

from shared.device_use_cases import remove_test_device
from shared.errors import NotFoundError
from shared.facts import tell
from shared.http import Api, Response

app = Api("remove_test_device")


@app.serves(None, status=204, refuses=[NotFoundError])
def route(customer_id: str, device_id: str) -> Response:
    """Take a test device away. It never changes, so no If-Match is asked for."""
    remove_test_device(app.store, app.caller, customer_id, device_id)
    tell("test_device_removed", customer_id=customer_id, device_id=device_id)
    return app.nothing()


lambda_handler = app.started()
