"""Every error that a caller can receive, with its HTTP status and its code.

    ApiError
    ├── MalformedRequestError     400  not JSON, wrong shape, unknown or read-only field
    ├── UnauthenticatedError      401  no valid access token
    ├── NoActiveAccountError      403  a valid token, but no active account
    ├── SecondFactorRequiredError 403  the role needs a second factor, and the sign-in has none
    ├── ForbiddenError            403  inside the caller's subtree, without permission
    ├── NotFoundError             404  absent, or outside the caller's subtree: the same response
    ├── MethodNotAllowedError     405
    ├── NameExistsError           409
    ├── ReferenceExistsError      409
    ├── ArchivedError             409
    ├── ArchiveBlockedError       409
    ├── EmailExistsError          409
    ├── LastSuperUserError        409
    ├── TooManyTestDevicesError   409
    ├── TooManyDevicesError       409
    ├── TooManyCredentialsError   409
    ├── OpenRequestError          409
    ├── RequestDecidedError       409
    ├── StaleVersionError         412
    ├── BodyTooLargeError         413
    ├── UnsupportedMediaError     415
    ├── RulesViolatedError        422  every violation at once
    ├── KeyReusedError            422
    ├── VersionRequiredError      428
    ├── ThrottledError            429
    ├── TooManyInvitationsError   429  of one customer in one day
    ├── UnreadableRecordError     500  the stored record is broken, or of a newer version
    └── UnavailableError          503

`problem_response` in `shared.api.problems` converts them to RFC 9457 problem+json.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Final, cast

MAX_ERRORS: Final = 100  # in one response


class RuleViolation(Exception):  # noqa: N818 - one entry of RulesViolatedError, never a response by itself
    """One broken rule: which, where (an RFC 6901 pointer into the body, a query parameter, or None) and what to do."""

    def __init__(self, code: str, location: str | None, detail: str, **extensions: Any) -> None:
        super().__init__(detail)
        kind = "pointer" if (location or "").startswith("/") else "parameter"
        self.entry = {"code": code, **({kind: location} if location else {}), "detail": detail, **extensions}


class ApiError(Exception):
    """An error response. `detail` says what to do, `errors` name the fields, `extensions` are more members of it."""

    status: ClassVar[int]
    code: ClassVar[str]

    def __init__(
        self,
        detail: str,
        errors: list[dict[str, Any]] | None = None,
        *,
        headers: dict[str, str] | None = None,
        **extensions: Any,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors or []
        self.headers = headers or {}
        self.extensions = extensions


class MalformedRequestError(ApiError):
    status, code = 400, "malformed_request"


class UnauthenticatedError(ApiError):
    status, code = 401, "unauthenticated"


class NoActiveAccountError(ApiError):
    status, code = 403, "no_active_account"


class SecondFactorRequiredError(ApiError):
    status, code = 403, "second_factor_required"

    def __init__(self) -> None:
        super().__init__(
            "Your role requires a second factor. Set one up in the console under My sign-in, then sign in again."
        )


class ForbiddenError(ApiError):
    status, code = 403, "forbidden"


class NotFoundError(ApiError):
    """The resource does not exist or is outside the caller's subtree. Both give the same response."""

    status, code = 404, "not_found"

    def __init__(self, errors: list[dict[str, Any]] | None = None) -> None:
        super().__init__("No such resource, or you don't have access to it. Check the URL and the ids.", errors)


class MethodNotAllowedError(ApiError):
    status, code = 405, "method_not_allowed"


class NameExistsError(ApiError):
    status, code = 409, "name_exists"


class ReferenceExistsError(ApiError):
    """Another customer of the same tree has the reference. Its id is added for callers who can see that customer."""

    status, code = 409, "reference_exists"


class ArchivedError(ApiError):
    status, code = 409, "archived"

    def __init__(self, pointer: str | None = None, *, what: str = "This customer") -> None:
        detail = f"{what} is archived. Restore it first."
        super().__init__(detail, [{"code": "archived", "pointer": pointer}] if pointer else None)


class ArchiveBlockedError(ApiError):
    """`errors` lists the children and devices to archive or remove first."""

    status, code = 409, "archive_blocked"


class EmailExistsError(ApiError):
    """Another account has the address. The response reveals nothing about that account."""

    status, code = 409, "email_exists"

    def __init__(self) -> None:
        detail = "An account with this e-mail address already exists. Use another address."
        super().__init__(detail, [{"code": "email_exists", "pointer": "/email"}])


class LastSuperUserError(ApiError):
    status, code = 409, "last_super_user"

    def __init__(self) -> None:
        super().__init__(
            "This is the last active super_user of its customer. Another one has to sign in first, so add one."
        )


class TooManyTestDevicesError(ApiError):
    status, code = 409, "too_many_test_devices"

    def __init__(self, most: int) -> None:
        super().__init__(f"A customer has at most {most} test devices. Remove one first.")


class TooManyDevicesError(ApiError):
    status, code = 409, "too_many_devices"

    def __init__(self, most: int) -> None:
        super().__init__(f"A customer has at most {most} devices. Remove one first.")


class OpenRequestError(ApiError):
    """The customer has an open request for another storage location, with the id `location_request_id`."""

    status, code = 409, "open_request_exists"

    def __init__(self, request_id: str) -> None:
        detail = f"The customer has an open request, {request_id}. Wait until support has decided it."
        super().__init__(detail, location_request_id=request_id)


class RequestDecidedError(ApiError):
    status, code = 409, "request_decided"

    def __init__(self, state: str) -> None:
        super().__init__(f"The request was {state} before. A decision is final: ask for a new request.", state=state)


class TooManyCredentialsError(ApiError):
    status, code = 409, "too_many_credentials"

    def __init__(self, most: int) -> None:
        super().__init__(f"A machine has at most {most} credentials. Revoke one first.")


class StaleVersionError(ApiError):
    status, code = 412, "stale_version"

    @classmethod
    def of(cls, what: str, version: int) -> "StaleVersionError":
        """Build the error for a change of an outdated version. `version` is the current version of `what`."""
        detail = f"The {what} has changed and is now at version {version}. Read it again and repeat your change."
        return cls(detail, version=version)


class BodyTooLargeError(ApiError):
    status, code = 413, "body_too_large"


class UnsupportedMediaError(ApiError):
    status, code = 415, "unsupported_media_type"


class RulesViolatedError(ApiError):
    status, code = 422, "broken_rules"

    @classmethod
    def of(cls, *violations: RuleViolation) -> "RulesViolatedError":
        count = len(violations)
        detail = (
            "The request violates one rule. See errors for details."
            if count == 1
            else f"The request violates {count} rules. See errors for details."
        )
        return cls(detail, [violation.entry for violation in violations[:MAX_ERRORS]])


class KeyReusedError(ApiError):
    status, code = 422, "idempotency_key_reused"


class VersionRequiredError(ApiError):
    status, code = 428, "version_required"


class ThrottledError(ApiError):
    status, code = 429, "throttled"


class TooManyInvitationsError(ApiError):
    """The customer has sent its invitations of this day (UTC). `seconds`: until the next day."""

    status, code = 429, "too_many_invitations"

    def __init__(self, most: int, seconds: int) -> None:
        detail = f"A customer can send {most} invitations a day. Try again after 00:00 UTC."
        super().__init__(detail, headers={"Retry-After": str(seconds)})


class UnreadableRecordError(ApiError):
    """A stored record that this version of the code can't read. Lists leave it out; reading it by its id fails."""

    status, code = 500, "unreadable_record"

    def __init__(self) -> None:
        super().__init__("The stored record can't be read. Retrying does not help. Report the request_id to support.")


class UnavailableError(ApiError):
    status, code = 503, "unavailable"


class Violations:
    """Checks the rules of a request one by one and raises once, with every violation.

    >>> violations = Violations()
    >>> name = violations.check(normalize_name, body.name, "/name")  # must not be used if it was violated
    >>> violations.raise_if_any()  # raises RulesViolatedError
    """

    def __init__(self) -> None:
        self._violations: list[RuleViolation] = []

    def check[**P, T](self, rule: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what `rule` returns. A violation is collected, and the result must then not be used."""
        try:
            return rule(*args, **kwargs)
        except RuleViolation as violation:
            self.add(violation)
            return cast(T, None)  # no caller uses it: raise_if_any raises

    def add(self, violation: RuleViolation) -> None:
        self._violations.append(violation)

    def raise_if_any(self) -> None:
        """Raise RulesViolatedError with every violation that was collected, if there are any."""
        if self._violations:
            raise RulesViolatedError.of(*self._violations)


def require[T](value: T | None) -> T:
    """Return `value`, which earlier code ensures is not None. Raises RuntimeError for None, which is a defect."""
    if value is None:
        raise RuntimeError("a value that must be set is None")
    return value
