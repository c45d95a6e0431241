"""The HTTP edge, the same for every function: from an HTTP API event (payload 2.0) to an answer or to a problem.

    app = Api("get_customer")

    @app.serves(CustomerResponse, refuses=[NotFoundError])
    def route(customer_id: str) -> HttpResponse:
        return app.answer(get_customer(app.store, app.caller, customer_id))

    lambda_handler = app.handler()

Whatever is sent, the answer is JSON: the thing asked for, or RFC 9457 problem+json with a code, the errors with
pointers and the request's id. A crash reveals nothing to the caller, and no name, address or token is logged.
"""

import base64
import json
import re
import traceback
from collections.abc import Callable, Iterable
from http import HTTPStatus
from itertools import chain
from types import SimpleNamespace
from typing import Annotated, Any, Final, Literal, NamedTuple, NotRequired, TypedDict

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, Field, TypeAdapter

from shared.accounts.identities import CognitoUserDirectory, open_user_directory
from shared.api.parameters import Header, RequestData, RequestValidationError, parameters_of, read
from shared.api.routes import ROUTES, allowed_methods
from shared.auth.authorization import Caller
from shared.aws.clock import now
from shared.aws.observability import count_metric, flush_metrics, log
from shared.aws.queues import SqsQueue, open_import_queue
from shared.aws.settings import settings
from shared.aws.snapstart import primed
from shared.errors import (
    MAX_ERRORS,
    ApiError,
    BodyTooLargeError,
    ForbiddenError,
    MalformedRequestError,
    MethodNotAllowedError,
    NoActiveAccountError,
    NotFoundError,
    StaleVersionError,
    ThrottledError,
    UnauthenticatedError,
    UnavailableError,
    UnsupportedMediaError,
    VersionRequiredError,
)
from shared.idempotency import Outcome
from shared.table.dynamodb import DynamoStore, open_store

MAX_BODY_BYTES: Final = 64 * 1024  # bytes
# What may stand for a name in a path; the gateway may have decoded it.
_IN_PATH: Final = r"(?P<\1>[-._~()'!*:@,;=+&$%<> \\[\\]{}|^\\w]+)"
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_ANYWHERE: Final[list[type[ApiError]]] = [
    MalformedRequestError,
    UnauthenticatedError,
    NoActiveAccountError,
    ForbiddenError,
    ThrottledError,
    UnavailableError,
]

ValidateOnly = Annotated[bool, Field(description="Tell what would be made, or all that is wrong, and write nothing.")]
IdempotencyKey = Annotated[
    str | None,
    Header("Idempotency-Key"),
    Field(
        pattern=r"^[\x21-\x7e]{1,255}$",
        description="The same request with the same key is carried out once; a repeat gets the first answer.",
    ),
]
RequiredIdempotencyKey = Annotated[
    str,
    Header("Idempotency-Key"),
    Field(
        pattern=r"^[\x21-\x7e]{1,255}$",
        description="Required: by it the same request begins again what was kept and not begun.",
    ),
]
IfMatch = Annotated[str | None, Header("If-Match"), Field(description="The ETag of what is changed. Required.")]
IfMatchIfGiven = Annotated[
    str | None, Header("If-Match"), Field(description="The ETag of what is changed, to change nothing else.")
]
Accept = Annotated[str | None, Header("Accept"), Field(description="text/csv for a table; JSON otherwise.")]
Limit = Annotated[int, Field(ge=1, le=100, description="The most a page may hold.")]
Cursor = Annotated[str | None, Field(description="next_cursor of the page before.")]


class _Http(TypedDict):
    method: str


class _RequestContext(TypedDict):
    http: _Http
    requestId: NotRequired[str]
    stage: NotRequired[Literal["$default"]]
    authorizer: NotRequired[Any]


class _HttpEvent(TypedDict):
    """What is used of an HTTP API event; anything else in it is left out."""

    version: Literal["2.0"]
    rawPath: str
    headers: NotRequired[dict[str, str]]
    queryStringParameters: NotRequired[dict[str, str] | None]
    requestContext: _RequestContext
    body: NotRequired[str | None]
    isBase64Encoded: NotRequired[bool]


_EVENT: Final = TypeAdapter(_HttpEvent)
_IF_LEFT_OUT: Final[dict[str, Any]] = {
    "headers": {},
    "queryStringParameters": None,
    "body": None,
    "isBase64Encoded": False,
}


class AcceptedBody(NamedTuple):
    """What a route takes in a body: media types ("" where none is given), and at most so many bytes."""

    media: tuple[str, ...]
    largest: int


JSON: Final = AcceptedBody(("application/json", ""), MAX_BODY_BYTES)


class HttpResponse(NamedTuple):
    status: int
    body: str
    headers: dict[str, str]


class RouteSpec(NamedTuple):
    """What a route may answer, for the document: its model with a status, `otherwise` with 200, and its refusals."""

    model: type[BaseModel] | None
    status: int
    otherwise: str
    refuses: list[type[ApiError]]


class Api:
    """The edge of one function, for the route of its name in `shared.routes`."""

    def __init__(self, name: str, *, takes: AcceptedBody = JSON) -> None:
        self.name = name
        self.row = ROUTES[name]
        self.takes = takes
        self._path = re.compile(re.sub(r"{(\w+)}", _IN_PATH, self.row.path))
        self._event: dict[str, Any] = {}

    def serves(
        self,
        model: type[BaseModel] | None,
        *,
        status: int = 200,
        otherwise: str = "With validate_only: what would be made.",
        refuses: list[type[ApiError]] | None = None,
    ) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
        """Register the function's only route. `model` is its answer, `refuses` what it refuses beside the usual.

        What answers 201 or 202 answers 200 `otherwise`.
        """
        in_path = [NotFoundError] if "{" in self.row.path else []  # what cannot be a name is nowhere
        every = list(dict.fromkeys([*_ANYWHERE, *in_path, *(refuses or [])]))
        self.answers = RouteSpec(model, status, otherwise, every)
        self._known_fields = set(model.model_fields) if model else set()

        def register(route: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
            self._route, self.parameters = route, parameters_of(route, self.row.path)
            self._query = {parameter.key for parameter in self.parameters if parameter.place == "query"}
            self._takes_body = any(parameter.place == "body" for parameter in self.parameters)
            return route

        return register

    @property
    def store(self) -> DynamoStore:
        return open_store()

    @property
    def identities(self) -> CognitoUserDirectory:
        return open_user_directory()

    @property
    def caller(self) -> Caller:
        """By the access token's `username`, which is the account's id. Raises UnauthenticatedError."""
        request_id = self._event["requestContext"]["requestId"] or None
        return Caller(_account_id(self._event), now(), self.row.operation, request_id)

    @property
    def queue(self) -> SqsQueue:
        return open_import_queue()

    @property
    def file(self) -> str:
        body: str = self._event["body"]
        return body

    @property
    def media(self) -> str:
        return _media(self._event["headers"].get("content-type", ""))[0]

    def answer(self, body: BaseModel, *, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
        """`body` as JSON; with an ETag where it has a version."""
        version = getattr(body, "version", None)
        etag = {} if version is None else {"ETag": f'"{version}"'}
        return _response(status, "application/json", body.model_dump_json(), {**etag, **(headers or {})})

    def json_or_csv(
        self, page: BaseModel, as_csv: Callable[[], str], *, next_cursor: str | None, accept: str | None
    ) -> HttpResponse:
        """`page` as CSV where the caller asks for it, with the next page's cursor in a header; else as JSON."""
        media = [part.replace(" ", "").lower() for part in (accept or "").split(",")]
        if not any(part.partition(";")[0] == "text/csv" and not part.endswith(";q=0") for part in media):
            return self.answer(page)
        headers = {"Next-Cursor": next_cursor} if next_cursor else {}
        return _response(HTTPStatus.OK, "text/csv; charset=utf-8", as_csv(), headers)

    def created(self, body: BaseModel, outcome: Outcome, *, at: str) -> HttpResponse:
        """The answer to a POST: 201 for what is now `at`, 200 for what would be made."""
        if outcome == "validated":  # no ETag of what is not there
            return _response(HTTPStatus.OK, "application/json", body.model_dump_json(), {})
        replayed = {"Idempotent-Replayed": "true"} if outcome == "replayed" else {}
        return self.answer(body, status=201, headers={"Location": at, **replayed})

    def accepted(self, body: BaseModel, outcome: Outcome, *, at: str) -> HttpResponse:
        """The answer to a POST that is carried out in the background: 202, to be looked at `at`; 200 for a dry run."""
        if outcome == "validated":
            return self.answer(body)
        replayed = {"Idempotent-Replayed": "true"} if outcome == "replayed" else {}
        return self.answer(body, status=202, headers={"Location": at, **replayed})

    def created_or_updated(self, body: BaseModel, *, at: str, added: bool) -> HttpResponse:
        """The answer to a PUT that adds or changes: 201 for what is now `at`, 200 for what was there."""
        return self.answer(body, status=201, headers={"Location": at}) if added else self.answer(body)

    def no_content(self) -> HttpResponse:
        """The answer where there is nothing to tell: 204."""
        return HttpResponse(HTTPStatus.NO_CONTENT, "", {"Cache-Control": "no-store"})

    def handler(self) -> Callable[[Any, LambdaContext], dict[str, Any]]:
        """The function's `lambda_handler`; see shared.starts for what is warmed. It never raises."""
        return primed(self._handle, self._warm)

    def _warm(self) -> None:
        """Handle a request without a caller and read an absent record, to build what a first caller would wait for."""
        context: Any = SimpleNamespace(aws_request_id="warm")
        path = re.sub(r"{\w+}", "warm", self.row.path)
        request = {
            "version": "2.0",
            "rawPath": path,
            "requestContext": {"http": {"method": self.row.method}},
            "body": "{}",
        }
        level = log.log_level
        log.setLevel("CRITICAL")
        try:
            answer = self._handle(request, context)
            _ = [parameter.adapter for parameter in self.parameters if parameter.place in ("query", "header")]
            self.store.get(("warm", "warm"))
        finally:
            log.setLevel(level)
            self.store.close()  # a connection must not be kept with the start, for many to go on with
        if answer["statusCode"] == HTTPStatus.INTERNAL_SERVER_ERROR:
            raise RuntimeError(self.name)

    def _handle(self, event: Any, context: LambdaContext) -> dict[str, Any]:
        return _handle_errors(self.name, event, context, self._respond)

    def _respond(self, event: dict[str, Any]) -> HttpResponse:
        _read_body(event, self.takes)
        found = self._path.fullmatch(event["rawPath"])
        if not found or event["requestContext"]["http"]["method"] != self.row.method:
            raise NotFoundError
        self._event = event
        return self._route(**self._arguments(found.groupdict()))

    def _arguments(self, path: dict[str, str]) -> dict[str, Any]:
        """Raises MalformedRequestError for what has not the shape that is asked for."""
        query = self._event["queryStringParameters"] or {}
        body = _strict_json(self._event["body"]) if self._takes_body else None
        try:
            arguments = read(self.parameters, RequestData(path, query, self._event["headers"], body))
        except RequestValidationError as wrong:
            raise MalformedRequestError(
                "The request is malformed. See errors for details.",
                [_wrong_shape(error, self._known_fields) for error in wrong.errors[:MAX_ERRORS]],
            ) from wrong
        _refuse_unknown_parameters(query, self._query)
        return arguments


def refuse_unknown_route(event: Any, context: LambdaContext) -> dict[str, Any]:
    """The `lambda_handler` for all that no route takes: 405 with Allow where the path is known, else 404."""
    return _handle_errors("refuse_unknown_route", event, context, _refuse_route)


def _refuse_route(event: dict[str, Any]) -> HttpResponse:
    allowed = ", ".join(allowed_methods(event["rawPath"]))
    if allowed:
        raise MethodNotAllowedError(f"This path supports {allowed}.", headers={"Allow": allowed})
    raise NotFoundError


def _handle_errors(
    name: str, event: Any, context: LambdaContext, respond: Callable[[dict[str, Any]], HttpResponse]
) -> dict[str, Any]:
    """`respond` to an event that was looked through before; whatever is raised becomes a problem."""
    log.clear_state()
    request_id = context.aws_request_id
    log.append_keys(request_id=request_id, function=name)
    try:
        clean = _read(event)
        request_id = clean["requestContext"]["requestId"] or request_id
        log.append_keys(request_id=request_id)
        return _to_proxy_response(respond(clean))
    except Exception as error:  # noqa: BLE001 - the outermost handler: every error becomes a response
        return _to_proxy_response(_problem_response(error, request_id))
    finally:
        flush_metrics()


def version_required(if_match: str | None) -> int:
    """The version in If-Match. Raises VersionRequiredError, and StaleVersionError for what is no ETag of ours."""
    version = version_of(if_match)
    if version is None:
        raise VersionRequiredError(
            "The If-Match header is required. Read the resource and send its ETag as If-Match.",
            [{"code": "required", "header": "If-Match", "detail": "This value is required."}],
        )
    return version


def version_of(if_match: str | None) -> int | None:
    """The version in If-Match, where it is given. Raises StaleVersionError for what is no ETag of ours."""
    if if_match is None:
        return None
    tag = if_match.strip().strip('"')
    if not re.fullmatch("[1-9][0-9]{0,8}", tag):
        raise StaleVersionError('If-Match is not a valid ETag. Send the ETag exactly as you received it, such as "3".')
    return int(tag)


def _read(event: Any) -> dict[str, Any]:
    """What is used of an HTTP API event. Raises MalformedRequestError for any other."""
    try:
        clean: dict[str, Any] = {**_IF_LEFT_OUT, **_EVENT.validate_python(event)}
        clean["requestContext"] = {"requestId": "", **clean["requestContext"]}
        parameters = (clean["queryStringParameters"] or {}).items()
        "".join([clean["rawPath"], clean["requestContext"]["requestId"], *chain(*parameters)]).encode()
        return clean  # noqa: TRY300 - half a surrogate pair, which no answer could name, is one more wrong event
    except ValueError as error:
        raise MalformedRequestError("The event is not an HTTP API request.") from error


def _read_body(event: dict[str, Any], takes: AcceptedBody) -> None:
    """Decodes the body in its place. Raises ApiError for one that is not what is taken in UTF-8, or too large."""
    headers = event["headers"] = {name.lower(): value for name, value in event["headers"].items()}
    if event["requestContext"]["http"]["method"].upper() in _WITH_BODY:
        _refuse_other_media(headers.get("content-type", ""), takes)
    body = event["body"] or ""
    try:
        sent = base64.b64decode(body, validate=True) if event["isBase64Encoded"] else body.encode()
        event["body"] = sent.decode()
    except ValueError as error:
        raise MalformedRequestError("The body is not valid UTF-8. Encode it as UTF-8.") from error
    event["isBase64Encoded"] = False
    if len(sent) > takes.largest:
        raise BodyTooLargeError(f"The body is too large. The limit is {takes.largest} bytes.")


def _refuse_other_media(content_type: str, takes: AcceptedBody) -> None:
    media, charset = _media(content_type)
    if media not in takes.media or charset not in ("", "utf-8"):
        raise UnsupportedMediaError(
            f"The media type is not supported. Send UTF-8 with Content-Type: {' or '.join(filter(None, takes.media))}."
        )


def _media(content_type: str) -> tuple[str, str]:
    """The media type and the charset."""
    media, _, parameters = content_type.lower().partition(";")
    return media.strip(), parameters.partition("charset=")[2].partition(";")[0].strip(' "')


def _strict_json(body: str) -> Any:
    """JSON as RFC 8259 wants it: no NaN, no key twice, no half of a surrogate pair. Raises MalformedRequestError."""
    try:
        found = json.loads(body, object_pairs_hook=_each_key_once, parse_constant=_no_such_constant)
        if "\\u" in body:
            json.dumps(found, ensure_ascii=False).encode()
        return found  # noqa: TRY300 - whatever fails above is one refusal
    except (ValueError, RecursionError) as error:
        at = f" (at character {error.pos})" if isinstance(error, json.JSONDecodeError) else ""
        raise MalformedRequestError(f"The body is not valid JSON{at}.") from error


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is repeated")
    return found


def _no_such_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _refuse_unknown_parameters(sent: Iterable[str], known: set[str]) -> None:
    """A misspelt parameter must not pass silently: `?validate_onyl=true` would write."""
    unknown = sorted(set(sent) - known)
    if unknown:
        detail = "Unknown parameter. Remove it or correct its name."
        errors = [{"code": "unknown_parameter", "parameter": name[:64], "detail": detail} for name in unknown]
        raise MalformedRequestError(
            f"Unknown query parameter. Allowed parameters: {', '.join(sorted(known)) or 'none'}.", errors
        )


def _account_id(event: dict[str, Any]) -> str:
    try:
        claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
        account_id = claims["username"] if claims["token_use"] == "access" else None  # noqa: S105 - a kind of token
    except (KeyError, TypeError):
        account_id = settings.local_account_id
    if not isinstance(account_id, str) or not account_id.isascii():
        raise UnauthenticatedError(
            "A valid access token is required. Sign in and send the token as Authorization: Bearer.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return account_id


def _problem_response(error: Exception, request_id: str) -> HttpResponse:
    refusal = error if isinstance(error, ApiError) else None
    status = HTTPStatus(refusal.status) if refusal else HTTPStatus.INTERNAL_SERVER_ERROR
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "code": refusal.code if refusal else "internal_error",
        "detail": refusal.detail
        if refusal
        else "An internal error occurred. Retry the request. If it fails again, report the request_id.",
        "errors": refusal.errors if refusal else [],
        "request_id": request_id,
        **(refusal.extensions if refusal else {}),
    }
    if refusal:
        log.info("request_rejected", code=refusal.code, status=status.value)
    else:  # where it happened, without the message: it may hold what the caller sent
        frames = [
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
        ]
        log.error("unhandled_exception", error=type(error).__qualname__, frames=frames[-12:])
        count_metric("unhandled_exception")
    headers = refusal.headers if refusal else {}
    return _response(status.value, "application/problem+json", json.dumps(body, separators=(",", ":")), headers)


def _wrong_shape(wrong: dict[str, Any], known_fields: set[str]) -> dict[str, Any]:
    """One of pydantic's errors as one of ours. Its messages name what is asked for and never what was sent."""
    where, *path = wrong["loc"]
    code, detail = wrong["type"], wrong["msg"]
    if where == "body" and not path:
        code, detail = "wrong_type", "The body must be a JSON object."
    elif code == "missing":
        code, detail = "required", "This value is required."
    elif code == "extra_forbidden":
        read_only = len(path) == 1 and path[0] in known_fields
        code = "read_only_field" if read_only else "unknown_field"
        detail = "This field is read-only. Omit it." if read_only else "Unknown field. Remove it or correct its name."
    if where == "body":
        pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
        return {"code": code, "pointer": pointer, "detail": detail}
    place = {"parameter": str(path[0])} if where == "query" else {"header": str(path[0]).title()}
    return {"code": code, **place, "detail": detail}


def _response(status: int, content_type: str, body: str, headers: dict[str, str]) -> HttpResponse:
    safe = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(status, body, {"Content-Type": content_type, **safe, **headers})


def _to_proxy_response(response: HttpResponse) -> dict[str, Any]:
    return {
        "statusCode": int(response.status),
        "headers": response.headers,
        "body": response.body,
        "isBase64Encoded": False,
    }
