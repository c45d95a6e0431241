"""What the OpenAPI document says of tags, parameters and headers, which the functions do not say themselves."""

from typing import Any, Final

DESCRIPTION: Final = (
    "Adds the customers of a backup service by the rules of each level and decides where their backups are stored. "
    "A resource outside of the caller's customer looks exactly like one that does not exist: 404. Every failure is "
    "RFC 9457 problem+json, except those of the gateway itself: a missing or invalid token (401), a missing scope "
    '(403) and its own throttling (429) have the body {"message": "..."}. Responses may get new fields, and the values '
    "of x-extensible-enum may get new ones: ignore what you do not know. A response of more than 1 KB is "
    "compressed for a caller that accepts gzip. The events are described in docs/asyncapi.json."
)
TAGS: Final = {
    "customers": "Customers of every level, their trials, history, references and invoicing.",
    "devices": "Test devices, the dashboard and its views, and where data lands.",
    "accounts": "Accounts of people and machines.",
    "storage_locations": "The catalogue of storage locations.",
    "imports": "Files of customers.",
    "onboarding": "A customer, its accounts and a test device with one request.",
}
_CUSTOMER: Final = "cus_ioyyfolqkzone5ztvo2fi6lcai"
_ETAG: Final = '"3-9f86d081884c7d65"'
# Path parameters: description and example.
PATH_PARAMETERS: Final = {
    "customer_id": ("The id of a customer.", _CUSTOMER),
    "account_id": ("The id of an account.", "acc_jajustitpylddo5dahk2zk3opm"),
    "credential_id": ("The id of a credential.", "crd_4buy5xlw3f6bkcbyzl2gdg4bbm"),
    "device_id": ("The id of a device or a test device.", "dev_4buy5xlw3f6bkcbyzl2gdg4bbm"),
    "request_id": ("The id of a request for another storage location.", "slr_20261124100000000_aaaaaaaa"),
    "import_id": ("The id of an import.", "imp_4buy5xlw3f6bkcbyzl2gdg4bbm"),
    "system": ("The other system.", "psa"),
    "value": ("The customer's id in the other system.", "4711"),
    "name": ("The name of the view.", "storage"),
}
# Examples of query parameters and headers.
PARAMETER_EXAMPLES: Final[dict[str, Any]] = {
    "parent_id": _CUSTOMER,
    "within": _CUSTOMER,
    "ids": _CUSTOMER,
    "customer_id": _CUSTOMER,
    "email": "ada@example.com",
    "name_prefix": "Aur",
    "level": "end_customer",
    "state": "in_trial",
    "archived": False,
    "limit": 25,
    "cursor": "eyJwbGFjZSI6IjI1In0.1ahn8Yw",
    "month": "2026-11",
    "by": "acc_jajustitpylddo5dahk2zk3opm",
    "types": "account_added,account_changed",
    "from": "2026-11-01",
    "to": "2026-11-30",
    "columns": "name,customer,storage_location",
    "view": "storage",
    "status": "refused",
    "encoding": "windows-1252",
    "validate_only": False,
    "version": 1,
    "Idempotency-Key": "6f1c2d1e-order-4711",
    "If-Match": _ETAG,
    "If-None-Match": _ETAG,
}
# Headers of responses: description and example.
HEADERS: Final = {
    "ETag": ("The version of the resource and a hash of the response. Send it as If-Match or If-None-Match.", _ETAG),
    "Location": ("The path of the new resource.", f"/customers/{_CUSTOMER}"),
    "Idempotent-Replayed": ("true: an earlier request with this key was processed, and this is its response.", "true"),
    "Next-Cursor": ("The cursor of the next page. Missing on the last page.", PARAMETER_EXAMPLES["cursor"]),
    "Incomplete-Records": ("Records of this page that can't be read. Missing if there are none.", "customer cus_x"),
    "Content-Disposition": ("The name of the file.", 'attachment; filename="devices.csv"'),
    "RateLimit-Policy": ("The requests (q) that all callers together may send within a number of seconds (w).",
                         '"all";q=200;w=1'),
    "WWW-Authenticate": ("The kind of token that is required.", "Bearer"),
    "Retry-After": ("The seconds after which a retry may succeed. The gateway sends none.", "1"),
}  # fmt: skip
# The gateway's own responses.
GATEWAY: Final = {"401": "Unauthorized", "403": "Forbidden", "429": "Too Many Requests"}
