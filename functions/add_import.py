"""POST /imports: a file of customers, to be added in the background."""

from shared.errors import BodyTooLargeError, BrokenRulesError, KeyReusedError, UnsupportedMediaError
from shared.facts import tell
from shared.http import Api, RequiredIdempotencyKey, Response, Takes, ValidateOnly
from shared.import_use_cases import ImportAnswer, add_import
from shared.imports import CSV, JSON_LINES, LARGEST_FILE

app = Api("add_import", takes=Takes((CSV, *JSON_LINES), LARGEST_FILE))


@app.serves(
    ImportAnswer, status=202, refuses=[BodyTooLargeError, UnsupportedMediaError, BrokenRulesError, KeyReusedError]
)
def route(idempotency_key: RequiredIdempotencyKey, validate_only: ValidateOnly = False) -> Response:
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
    tell(f"import_{added.outcome}", import_id=added.answer.id, rows=added.answer.rows)
    return app.accepted(added.answer, added.outcome, at=f"/imports/{added.answer.id}")


lambda_handler = app.started()
