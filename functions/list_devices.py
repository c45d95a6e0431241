"""GET /customers/{customer_id}/devices: the dashboard, as rows with columns, or as CSV."""

from typing import Annotated

from pydantic import Field

from shared.api.http import Accept, Api, Cursor, HttpResponse, Limit
from shared.devices.use_cases import DevicePage, list_devices
from shared.errors import NotFoundError, RulesViolatedError

app = Api("list_devices")


@app.serves(DevicePage, refuses=[NotFoundError, RulesViolatedError])
def route(
    customer_id: str,
    columns: Annotated[str | None, Field(description="Columns in their order, parted by commas.")] = None,
    view: Annotated[str | None, Field(description="A saved view; the default one if left out.")] = None,
    limit: Limit = 25,
    cursor: Cursor = None,
    accept: Accept = None,
) -> HttpResponse:
    """The devices of a customer and of all below it, as rows with columns. All are test devices, never invoiced."""
    page = list_devices(app.store, app.caller, customer_id, columns=columns, view=view, limit=limit, cursor=cursor)
    return app.json_or_csv(page, page.as_csv, next_cursor=page.next_cursor, accept=accept)


lambda_handler = app.handler()
