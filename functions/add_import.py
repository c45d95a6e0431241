"""POST /imports: a file of customers, to be added in the background."""

from shared.api.http import AcceptedBody, Api, HttpResponse, RequiredIdempotencyKey, ValidateOnly
from shared.aws.observability import log_event
from shared.errors import BodyTooLargeError, KeyReusedError, RulesViolatedError, UnsupportedMediaError
from shared.imports.file import CSV, JSON_LINES, MAX_FILE_BYTES
from shared.imports.use_cases import ImportResponse, add_import

app = Api("add_import", takes=AcceptedBody((CSV, *JSON_LINES), MAX_FILE_BYTES))


@app.serves(
    ImportResponse, status=202, refuses=[BodyTooLargeError, UnsupportedMediaError, RulesViolatedError, KeyReusedError]
)
def route(idempotency_key: RequiredIdempotencyKey, validate_only: ValidateOnly = False) -> HttpResponse:
    """Add the customers of a file in the background, up to 10,000 rows: CSV, or JSON lines. It can be repeated."""
    added = add_import(
        app.store,
        app.queue,
        app.caller,
        app.file,
        app.media,
        idempotency_key=idempotency_key,
        validate_only=validate_only,
    )
    log_event(f"import_{added.outcome}", import_id=added.response.id, rows=added.response.rows)
    return app.accepted(added.response, added.outcome, at=f"/imports/{added.response.id}")


lambda_handler = app.handler()
