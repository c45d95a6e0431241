"""GET /customers/{customer_id}/invoicing: which end-customers are invoiced in a month, from when to when."""

from typing import Annotated

from pydantic import Field

from shared.api.http import Accept, Api, Cursor, HttpResponse, Limit
from shared.errors import NotFoundError, RulesViolatedError
from shared.invoicing.use_cases import InvoicingPage, get_invoicing

app = Api("get_invoicing")


@app.serves(InvoicingPage, refuses=[NotFoundError, RulesViolatedError])
def route(
    customer_id: str,
    month: Annotated[str, Field(description="Such as 2026-11.")],
    archived: Annotated[bool, Field(description="Those that are archived now instead, up to when they were.")] = False,
    limit: Limit = 25,
    cursor: Cursor = None,
    accept: Accept = None,
) -> HttpResponse:
    """Which end-customers are invoiced in a month, from when to when, in days. Trial days are left out."""
    page = get_invoicing(app.store, app.caller, customer_id, month=month, archived=archived, limit=limit, cursor=cursor)
    return app.json_or_csv(page, page.as_csv, next_cursor=page.next_cursor, accept=accept)


lambda_handler = app.handler()
