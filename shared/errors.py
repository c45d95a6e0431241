"""Every refusal a caller can get, with its HTTP status and its code.

    RefusalError
    ├── MalformedRequestError     400  not JSON, wrong shape, unknown or read-only field
    ├── UnauthenticatedError      401  no valid access token
    ├── NoActiveAccountError      403  a valid token, but no account that may act
    ├── ForbiddenError            403  inside the caller's subtree, without the right
    ├── NotFoundError             404  absent, or outside the caller's subtree: the same answer
    ├── MethodNotAllowedError     405
    ├── NameExistsError           409
    ├── ReferenceExistsError      409
    ├── ArchivedError             409
    ├── ArchiveBlockedError       409
    ├── EmailExistsError          409
    ├── LastSuperUserError        409
    ├── TooManyDevicesError       409
    ├── StaleVersionError         412
    ├── BodyTooLargeError         413
    ├── UnsupportedMediaError     415
    ├── BrokenRulesError          422  every broken rule at once
    ├── KeyReusedError            422
    ├── VersionRequiredError      428
    ├── ThrottledError            429
    └── UnavailableError          503

One mapping (`shared.http.problem`) makes RFC 9457 problem+json of them.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Final, cast

MOST_ERRORS: Final = 100  # in one answer


class BrokenRule(Exception):  # noqa: N818 - one entry of BrokenRulesError, never an answer by itself
    """One broken rule: which, where (an RFC 6901 pointer into the body, or a query parameter) and what to do."""

    def __init__(self, code: str, at: str, detail: str, **facts: Any) -> None:
        super().__init__(detail)
        place = "pointer" if at.startswith("/") else "parameter"
        self.entry = {"code": code, place: at, "detail": detail, **facts}


class RefusalError(Exception):
    """A refusal: `detail` tells a person what to do; `errors` name the fields; `facts` are added to the answer."""

    status: ClassVar[int]
    code: ClassVar[str]

    def __init__(
        self,
        detail: str,
        errors: list[dict[str, Any]] | None = None,
        *,
        headers: dict[str, str] | None = None,
        **facts: Any,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors or []
        self.headers = headers or {}
        self.facts = facts


class MalformedRequestError(RefusalError):
    status, code = 400, "malformed_request"


class UnauthenticatedError(RefusalError):
    status, code = 401, "unauthenticated"


class NoActiveAccountError(RefusalError):
    status, code = 403, "no_active_account"


class ForbiddenError(RefusalError):
    status, code = 403, "forbidden"


class NotFoundError(RefusalError):
    """Says nothing that depends on whether the thing exists: outside looks exactly like absent."""

    status, code = 404, "not_found"

    def __init__(self, errors: list[dict[str, Any]] | None = None) -> None:
        super().__init__("Nothing is here, or not within your customer. Check the address and the ids.", errors)


class MethodNotAllowedError(RefusalError):
    status, code = 405, "method_not_allowed"


class NameExistsError(RefusalError):
    status, code = 409, "name_exists"


class ReferenceExistsError(RefusalError):
    """Another customer of the same tree has the reference; which one is told to those who may see it."""

    status, code = 409, "reference_exists"


class ArchivedError(RefusalError):
    status, code = 409, "archived"

    def __init__(self, pointer: str | None = None, *, what: str = "This customer") -> None:
        detail = f"{what} is archived. Restore it first."
        super().__init__(detail, [{"code": "archived", "pointer": pointer}] if pointer else None)


class ArchiveBlockedError(RefusalError):
    """`errors` names what has to go first."""

    status, code = 409, "archive_blocked"


class EmailExistsError(RefusalError):
    """Says nothing of the account that has the address."""

    status, code = 409, "email_exists"

    def __init__(self) -> None:
        detail = "An account with this e-mail address exists. Take another address."
        super().__init__(detail, [{"code": "email_exists", "pointer": "/email"}])


class LastSuperUserError(RefusalError):
    status, code = 409, "last_super_user"

    def __init__(self) -> None:
        super().__init__("This is the last enabled super_user of its customer. Make another one first.")


class TooManyDevicesError(RefusalError):
    status, code = 409, "too_many_test_devices"


class StaleVersionError(RefusalError):
    status, code = 412, "stale_version"

    @classmethod
    def of(cls, what: str, version: int) -> "StaleVersionError":
        """`what` is at another version than the caller's change was made for."""
        detail = f"The {what} is at version {version} now. Read it again and repeat your change on it."
        return cls(detail, version=version)


class BodyTooLargeError(RefusalError):
    status, code = 413, "body_too_large"


class UnsupportedMediaError(RefusalError):
    status, code = 415, "unsupported_media_type"


class BrokenRulesError(RefusalError):
    status, code = 422, "broken_rules"


class KeyReusedError(RefusalError):
    status, code = 422, "idempotency_key_reused"


class VersionRequiredError(RefusalError):
    status, code = 428, "version_required"


class ThrottledError(RefusalError):
    status, code = 429, "throttled"


class UnavailableError(RefusalError):
    status, code = 503, "unavailable"


class Rules:
    """Tries the rules of one request one after the other and refuses once, with every broken one.

    >>> rules = Rules()
    >>> name = rules.keep(clean_name, body.name)   # the value, or nothing that may be used
    >>> rules.refuse_if_broken()                   # raises BrokenRulesError
    """

    def __init__(self) -> None:
        self._errors: list[dict[str, Any]] = []

    def keep[**P, T](self, rule: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return rule(*args, **kwargs)
        except BrokenRule as broken:
            self.add(broken)
            return cast(T, None)  # never reaches anyone: refuse_if_broken raises

    def add(self, broken: BrokenRule) -> None:
        self._errors.append(broken.entry)

    def refuse_if_broken(self) -> None:
        if self._errors:
            count = len(self._errors)
            detail = "One rule is broken; see errors." if count == 1 else f"{count} rules are broken; see errors."
            raise BrokenRulesError(detail, self._errors[:MOST_ERRORS])
