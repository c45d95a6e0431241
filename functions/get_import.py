"""GET /imports/{import_id}: how far an import is, and what became of its rows."""

from typing import Annotated

from pydantic import Field

from shared.api.http import Api, Cursor, HttpResponse
from shared.errors import NotFoundError
from shared.imports.file import Status
from shared.imports.use_cases import ImportResponse, get_import

app = Api("get_import")


@app.serves(ImportResponse, refuses=[NotFoundError])
def route(
    import_id: str,
    status: Annotated[Status | None, Field(description="Only rows with this result.")] = None,
    limit: Annotated[int, Field(ge=1, le=1000, description="The most results a page may hold.")] = 100,
    cursor: Cursor = None,
) -> HttpResponse:
    """How far an import is, and what became of each of its rows, parents before children."""
    return app.answer(get_import(app.store, app.caller, import_id, status=status, limit=limit, cursor=cursor))


lambda_handler = app.handler()
