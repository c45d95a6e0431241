"""Imports: files of customers that are added in the background, by the function run_import."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from shared.api.app import Api
from shared.api.parameters import Cursor, RequiredIdempotencyKey, ValidateOnly
from shared.api.problems import HttpResponse
from shared.api.requests import BYTES, AcceptedBody
from shared.aws.observability import log_event
from shared.aws.queues import open_import_queue
from shared.errors import RulesViolatedError
from shared.imports import use_cases
from shared.imports.csv_file import Encoding
from shared.imports.file import CSV, JSON, JSON_LINES, MAX_FILE_BYTES, File, NewImportRequest, Status
from shared.imports.use_cases import ImportPreview, ImportResponse

app = Api("imports", accepts=AcceptedBody((CSV, *JSON_LINES, JSON, BYTES), MAX_FILE_BYTES))


@app.serves(ImportResponse, status=202, preview=ImportPreview, raises=[RulesViolatedError])
def add_import(
    idempotency_key: RequiredIdempotencyKey,
    validate_only: ValidateOnly = False,
    encoding: Annotated[
        Encoding | None,
        Query(description="The encoding of a CSV file that is sent as application/octet-stream. The default is UTF-8."),
    ] = None,
) -> HttpResponse:
    """Add the customers of a CSV or JSON Lines file of up to 10,000 rows in the background. Repeating it is safe.

    The body is the file, or JSON with the file as text (`content`) or its rows as objects (`rows`).
    Send a CSV file that is not UTF-8 as application/octet-stream: a gateway replaces what is not UTF-8 in text.
    """
    file = (
        app.json_as(NewImportRequest).file(encoding)
        if app.media_type == JSON
        else File(app.content, app.media_type, encoding)
    )
    added = use_cases.add_import(
        app.store,
        open_import_queue(),
        app.caller,
        file,
        idempotency_key=idempotency_key,
        validate_only=validate_only,
    )
    log_event(f"import_{added.outcome}", import_id=added.response.id, rows=added.response.rows)
    return app.accepted(added.response, added.outcome, location=f"/imports/{added.response.id}")


@app.serves(ImportResponse)
def get_import(
    import_id: str,
    status: Annotated[Status | None, Query(description="List only the rows with this result.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="The maximum number of results on a page.")] = 100,
    cursor: Cursor = None,
) -> HttpResponse:
    """Get the progress of an import and the result of each row, parents before children."""
    return app.ok(use_cases.get_import(app.store, app.caller, import_id, status=status, limit=limit, cursor=cursor))


lambda_handler = app.handler()
