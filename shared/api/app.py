"""The HTTP API of one function: Powertools' resolver, with strict validation and a problem response for every error.

    app = Api("customers")

    @app.serves(CustomerResponse, raises=[NotFoundError])
    def get_customer(customer_id: str) -> HttpResponse:
        return app.ok(use_cases.get_customer(app.store, app.caller, customer_id))

    lambda_handler = app.handler()

A route function has the name of its row in `shared.api.routes`, which defines its method, path and operation.
"""

import base64
import re
from collections.abc import Callable
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any, Final, NamedTuple, Protocol, get_type_hints

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.exceptions import NotFoundError as UnknownRouteError
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, TypeAdapter, ValidationError

from shared.api.compression import encoded, etag_of_gzip, is_large
from shared.api.parameters import Accept, Format, accepts_gzip, etag_of, hash_of, names, wants_csv
from shared.api.problems import HttpResponse, json_response, malformed_request, problem_response, response
from shared.api.reference import PublicText
from shared.api.requests import (
    JSON,
    AcceptedBody,
    media_type,
    parse_json,
    read_event,
    split_path,
    with_decoded_body,
)
from shared.api.routes import ROUTES, Function, RouteRow, allowed_methods
from shared.auth.authorization import Caller, account_of
from shared.aws.clock import now
from shared.aws.observability import flush_metrics, log
from shared.aws.settings import settings
from shared.aws.snapstart import primed
from shared.errors import (
    ApiError,
    MalformedRequestError,
    MethodNotAllowedError,
    NotFoundError,
    UnauthenticatedError,
)
from shared.idempotency import Outcome
from shared.table.dynamodb import DynamoStore, open_store
from shared.table.queries import IncompleteRecord

_OPERATIONS: Final = {(row.method, row.path): row.operation for row in ROUTES.values()}


class Otherwise(NamedTuple):
    """Another successful response of a route than its usual one: its status and what it means."""

    status: int
    description: str


class RouteSpec(NamedTuple):
    """A route, the `model` and `status` of its response, the `preview` for validate_only, and its errors."""

    row: RouteRow
    function: Callable[..., HttpResponse]
    model: type[BaseModel] | None
    status: int
    preview: type[BaseModel] | None
    otherwise: Otherwise | None
    raises: list[type[ApiError]]


class Body(Protocol):
    """The model of a response."""

    def model_dump_json(self) -> str: ...


class CsvPage(Body, Protocol):
    """A page of a list that can be sent as CSV."""

    next_cursor: str | None
    incomplete: list[IncompleteRecord]

    def as_csv(self) -> str: ...


class Api(APIGatewayHttpResolver):
    """The HTTP API of the function `name`."""

    def __init__(self, name: Function, *, accepts: AcceptedBody = JSON) -> None:
        # Without debug=False, the variable POWERTOOLS_DEV would print every event to the log, its token included.
        super().__init__(enable_validation=True, debug=False, json_body_deserializer=parse_json)
        self.name = name
        self.accepts = accepts
        self.routes: dict[str, RouteSpec] = {}
        self.use([_reject_unknown_parameters])
        self.exception_handler(Exception)(self._handle_error)

    def serves(
        self,
        model: type[BaseModel] | None,
        *,
        status: int = 200,
        preview: type[BaseModel] | None = None,
        otherwise: Otherwise | None = None,
        raises: list[type[ApiError]] | None = None,
    ) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
        """Register a route. `preview` is the model of its response to validate_only, which has the status 200."""

        def register(route: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
            # A table has a second path, at which it is CSV: generated clients expect one media type for a status.
            for name in (route.__name__, f"{route.__name__}_csv") if hasattr(model, "as_csv") else (route.__name__,):
                row = ROUTES[name]
                self.routes[name] = RouteSpec(row, route, model, status, preview, otherwise, raises or [])
                rule = row.path.replace("{", "<").replace("}", ">")
                self.route(rule, row.method, operation_id=name)(route)
            return route

        return register

    @property
    def _spec(self) -> RouteSpec:
        """The route of the request."""
        return self.routes[self.context["_route"].operation_id]

    # ---------------------------------------------------------------- what a route uses

    @property
    def store(self) -> DynamoStore:
        return open_store()

    @property
    def max_invitations(self) -> int:
        """How many invitations a customer may send in a day."""
        return settings.max_invitations

    @property
    def caller(self) -> Caller:
        """The caller: `username` of the access token begins with the account's id. Raises UnauthenticatedError."""
        operation = _OPERATIONS[self.request.method, self.request.route]
        if operation is None:
            raise LookupError(self.request.route)  # a route without a token has no caller
        request_id = self._event["requestContext"]["requestId"] or None
        sign_in = _sign_in(self._event)
        needs_second_factor = settings.requires_second_factor and not self.request.route.startswith("/me")
        return Caller(account_of(sign_in), now(), operation, request_id, sign_in, needs_second_factor)

    @property
    def content(self) -> str | bytes:
        """The body of a route that reads it itself: bytes if sent as application/octet-stream, otherwise text."""
        body = self.current_event.body or ""
        return base64.b64decode(body) if self.current_event.is_base64_encoded else body

    @property
    def media_type(self) -> str:
        """The media type of the body, in lower case and without parameters."""
        return media_type(self.current_event.headers.get("content-type", ""))[0]

    def json_as[Model: BaseModel](self, model: type[Model]) -> Model:
        """Return the JSON body of a route that reads its body itself. Raises MalformedRequestError."""
        try:
            return model.model_validate(parse_json(str(self.content)))
        except ValidationError as error:
            raise RequestValidationError(
                [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
            ) from error

    # ---------------------------------------------------------------- responses

    def ok(self, body: Body, *, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
        """Respond with `body` as JSON. If it has a version, it gets an ETag, and a GET of what is known gets a 304."""
        text, version = body.model_dump_json(), getattr(body, "version", None)
        tags = {} if version is None else {"ETag": self._sent_etag(etag_of(version, text), text)}
        if (
            tags
            and self.request.method == "GET"
            and names(self.current_event.headers.get("if-none-match"), tags["ETag"])
        ):
            return response(HTTPStatus.NOT_MODIFIED, headers=tags)
        return json_response(status, "application/json", text, {**tags, **(headers or {})})

    def table(self, page: CsvPage, file_name: str, *, format: Format, accept: Accept) -> HttpResponse:
        """Respond with a page as JSON or as a CSV file: by `format`, else by the path, else by the Accept header.

        The next cursor and the incomplete records of a CSV file are in headers.
        """
        vary = {"Vary": "Accept"}
        if not wants_csv(format or ("csv" if self._spec.row.path.endswith(".csv") else None), accept):
            return self.ok(page, headers=vary)
        headers = {**vary, "Content-Disposition": f'attachment; filename="{file_name}"'}
        if page.next_cursor:
            headers["Next-Cursor"] = page.next_cursor
        if page.incomplete:
            headers["Incomplete-Records"] = ", ".join(f"{record.kind} {record.id}" for record in page.incomplete)
        text = f"\ufeff{page.as_csv()}"  # Excel recognizes UTF-8 by the byte order mark
        return json_response(HTTPStatus.OK, "text/csv; charset=utf-8", text, headers)

    def public(self, page: PublicText) -> HttpResponse:
        """Respond with a text that is the same for every caller. A browser keeps it and asks whether it has changed."""
        etag = self._sent_etag(f'"{hash_of(page.text)}"', page.text)
        headers = {**page.headers, "Cache-Control": "no-cache", "ETag": etag}
        if names(self.current_event.headers.get("if-none-match"), headers["ETag"]):
            return response(HTTPStatus.NOT_MODIFIED, headers=headers)
        return json_response(HTTPStatus.OK, headers["Content-Type"], page.text, headers)

    def created(self, body: BaseModel, outcome: Outcome, *, location: str) -> HttpResponse:
        """Respond to a POST: 201 for a resource that is now at `location`, 200 for one that was only validated."""
        return self.preview(body) if outcome == "validated" else self._at(location, body, HTTPStatus.CREATED, outcome)

    def accepted(self, body: BaseModel, outcome: Outcome, *, location: str) -> HttpResponse:
        """Respond to a POST that is processed in the background: 202 with its `location`; 200 if only validated."""
        return self.preview(body) if outcome == "validated" else self._at(location, body, HTTPStatus.ACCEPTED, outcome)

    def preview(self, body: BaseModel) -> HttpResponse:
        """Respond to validate_only with the preview's part of `body`: what only a stored resource has is left out."""
        model = self._spec.preview
        if model is None:
            raise LookupError(self._spec.row)
        return json_response(HTTPStatus.OK, "application/json", TypeAdapter(model).dump_json(body).decode())

    def created_or_updated(self, body: BaseModel, *, location: str, created: bool) -> HttpResponse:
        """Respond to a PUT: 201 for a resource that is now at `location`, 200 for one that existed."""
        return self._at(location, body, HTTPStatus.CREATED) if created else self.ok(body)

    def no_content(self) -> HttpResponse:
        return response(HTTPStatus.NO_CONTENT)

    def _sent_etag(self, etag: str, text: str) -> str:
        """Return the ETag of the bytes that are sent: a compressed text has another one."""
        return etag_of_gzip(etag) if self._accepts_gzip and is_large(text) else etag

    def _at(self, location: str, body: BaseModel, status: int, outcome: Outcome = "added") -> HttpResponse:
        replayed = {"Idempotent-Replayed": "true"} if outcome == "replayed" else {}
        return self.ok(body, status=status, headers={"Location": self._location.prefix + location, **replayed})

    # ---------------------------------------------------------------- the Lambda handler

    def handler(self) -> Callable[[Any, LambdaContext], dict[str, Any]]:
        """Return the function's `lambda_handler`, which never raises."""
        return primed(self.resolve, self._prime)

    def resolve(self, event: Any, context: LambdaContext) -> dict[str, Any]:
        """Respond to an HTTP API event. An error outside a route becomes a problem response too."""
        log.clear_state()
        self._request_id = context.aws_request_id
        self._accepts_gzip = False
        log.append_keys(request_id=self._request_id, function=self.name)
        try:
            return encoded(super().resolve(self._prepare(event), context), accepts_gzip=self._accepts_gzip)
        except Exception as error:  # noqa: BLE001 - the outermost handler: every error becomes a response
            response = self._handle_error(error)
            return {
                "statusCode": response.status_code,
                "headers": response.headers,
                "body": response.body,
                "isBase64Encoded": False,
            }
        finally:
            flush_metrics()

    def _prepare(self, event: Any) -> dict[str, Any]:
        """Validate an event and prepare it for the resolver. Raises ApiError."""
        self._event = read_event(event)
        self._request_id = self._event["requestContext"]["requestId"] or self._request_id
        log.append_keys(request_id=self._request_id, route=self._event["routeKey"])
        self._location = split_path(self._event)
        methods = allowed_methods(self._location.path)
        if self._event["requestContext"]["http"]["method"] not in methods:
            raise _unknown_route(methods)
        prepared = with_decoded_body(self._event, self._location.path, self.accepts)
        self._accepts_gzip = accepts_gzip(prepared["headers"].get("accept-encoding"))
        return prepared

    def _handle_error(self, error: Exception) -> HttpResponse:
        if isinstance(error, UnknownRouteError):  # a path of another function, or with characters that no id has
            error = NotFoundError()
        elif isinstance(error, RequestValidationError):
            spec = self._spec
            body = next((each for each in get_type_hints(spec.function).values() if hasattr(each, "instead")), None)
            read_only = set(spec.model.model_fields) if spec.model else set()
            error = malformed_request(error, read_only, body.instead if body else {})
        return problem_response(error, self._request_id)

    def _prime(self) -> None:
        """Handle a request of each route without a caller and read an absent record, so that no caller waits for it."""
        context: Any = SimpleNamespace(aws_request_id="prime")
        level = log.log_level
        log.setLevel("CRITICAL")
        try:
            for name, spec in self.routes.items():
                request = {
                    "version": "2.0",
                    "rawPath": re.sub(r"{\w+}", "prime", spec.row.path),
                    "requestContext": {"http": {"method": spec.row.method}},
                    "body": "{}",
                }
                if self.resolve(request, context)["statusCode"] == HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise RuntimeError(name)
            if any(spec.row.operation for spec in self.routes.values()):
                self.store.get(("prime", "prime"))
                self.store.close()  # environments that are restored from a snapshot must not share a connection
        finally:
            log.setLevel(level)


def _unknown_route(methods: list[str]) -> ApiError:
    if not methods:
        return NotFoundError()
    allowed = ", ".join(methods)
    return MethodNotAllowedError(f"This path supports {allowed}.", headers={"Allow": allowed})


def _reject_unknown_parameters(app: Any, next_middleware: NextMiddleware) -> Any:
    """Raise MalformedRequestError for an unknown parameter. If it were ignored, `?validate_onyl=true` would write."""
    route = app.context["_route"]
    if route.operation_id not in app.routes:  # the resolver's own route for unknown paths
        return next_middleware(app)
    known = {parameter.alias for parameter in route.dependant.query_params}
    unknown = sorted(set(app.current_event.query_string_parameters or {}) - known)
    if unknown:
        detail = "Unknown parameter. Remove it or correct its name."
        errors = [{"code": "unknown_parameter", "parameter": name[:64], "detail": detail} for name in unknown]
        raise MalformedRequestError(
            f"Unknown query parameter. Allowed parameters: {', '.join(sorted(known)) or 'none'}.", errors
        )
    return next_middleware(app)


def _sign_in(event: dict[str, Any]) -> str:
    try:
        claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
        sign_in = claims["username"] if claims["token_use"] == "access" else None  # noqa: S105 - a kind of token
    except (KeyError, TypeError):
        sign_in = settings.local_account_id
    if not isinstance(sign_in, str) or not sign_in.isascii():
        raise UnauthenticatedError(
            "A valid access token is required. Sign in and send the token as Authorization: Bearer.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return sign_in
