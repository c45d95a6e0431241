"""GET /imports/{import_id}: how far an import is, and what became of its rows."""

from typing import Annotated

from pydantic import Field

from shared.errors import NotFoundError
from shared.http import Api, Cursor, Response
from shared.import_use_cases import ImportAnswer, get_import
from shared.imports import Status

app = Api("get_import")


@app.serves(ImportAnswer, refuses=[NotFoundError])
def route(
    import_id: str,
    status: Annotated[Status | None, Field(description="Only rows with this result.")] = None,
    limit: Annotated[int, Field(ge=1, le=1000, description="The most results a page may hold.")] = 100,
    cursor: Cursor = None,
) -> Response:
    """How far an import is, and what became of each of its rows, parents before children."""
    return app.answer(get_import(app.store, app.caller, import_id, status=status, limit=limit, cursor=cursor))


lambda_handler = app.started()
