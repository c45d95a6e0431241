"""Every route of the API on one screen: its path, the function that serves it, and the operation its caller needs.

A route function without a row here fails at import. Tests compare this table with the template, the OpenAPI document
and the README.
"""

from typing import Final, Literal, NamedTuple

from shared.auth.authorization import Operation

Function = Literal["customers", "devices", "accounts", "storage_locations", "imports", "onboarding", "console"]


class RouteRow(NamedTuple):
    """One route. `operation`: what the caller needs permission for. None: the route needs no access token."""

    function: Function
    method: str
    path: str
    operation: Operation | None


ROUTES: Final = {
    "add_customer": RouteRow("customers", "POST", "/customers", "change_customers"),
    "list_customers": RouteRow("customers", "GET", "/customers", "read"),
    "get_customer": RouteRow("customers", "GET", "/customers/{customer_id}", "read"),
    "change_customer": RouteRow("customers", "PATCH", "/customers/{customer_id}", "change_customers"),
    "archive_customer": RouteRow("customers", "DELETE", "/customers/{customer_id}", "change_customers"),
    "restore_customer": RouteRow("customers", "POST", "/customers/{customer_id}/restore", "change_customers"),
    "get_history": RouteRow("customers", "GET", "/customers/{customer_id}/history", "read"),
    "get_options": RouteRow("customers", "GET", "/customers/{customer_id}/options", "read"),
    "get_trial": RouteRow("customers", "GET", "/customers/{customer_id}/trial", "read"),
    "start_production": RouteRow("customers", "POST", "/customers/{customer_id}/production", "change_customers"),
    "get_invoicing": RouteRow("customers", "GET", "/customers/{customer_id}/invoicing", "read_invoicing"),
    "get_invoicing_csv": RouteRow("customers", "GET", "/customers/{customer_id}/invoicing.csv", "read_invoicing"),
    "change_storage_location": RouteRow("customers", "PUT", "/customers/{customer_id}/storage-location", "support"),
    "add_location_request": RouteRow(
        "customers", "POST", "/customers/{customer_id}/storage-location-requests", "change_customers"
    ),
    "list_customers_location_requests": RouteRow(
        "customers", "GET", "/customers/{customer_id}/storage-location-requests", "read"
    ),
    "get_location_request": RouteRow(
        "customers", "GET", "/customers/{customer_id}/storage-location-requests/{request_id}", "read"
    ),
    "decide_location_request": RouteRow(
        "customers", "POST", "/customers/{customer_id}/storage-location-requests/{request_id}/decision", "support"
    ),
    "list_location_requests": RouteRow("customers", "GET", "/storage-location-requests", "support"),
    "list_trial_starts": RouteRow("customers", "GET", "/trial-starts", "support"),
    "get_customer_by_reference": RouteRow("customers", "GET", "/references/{system}/{value}", "read"),
    "save_customer_by_reference": RouteRow("customers", "PUT", "/references/{system}/{value}", "change_customers"),
    "add_test_device": RouteRow("devices", "POST", "/customers/{customer_id}/test-devices", "change_devices"),
    "get_test_device": RouteRow("devices", "GET", "/customers/{customer_id}/test-devices/{device_id}", "read"),
    "remove_test_device": RouteRow(
        "devices", "DELETE", "/customers/{customer_id}/test-devices/{device_id}", "change_devices"
    ),
    "replace_test_device_token": RouteRow(
        "devices", "POST", "/customers/{customer_id}/test-devices/{device_id}/token", "change_devices"
    ),
    "add_device": RouteRow("devices", "POST", "/customers/{customer_id}/devices", "change_devices"),
    "get_device": RouteRow("devices", "GET", "/customers/{customer_id}/devices/{device_id}", "read"),
    "change_device": RouteRow("devices", "PATCH", "/customers/{customer_id}/devices/{device_id}", "change_devices"),
    "remove_device": RouteRow("devices", "DELETE", "/customers/{customer_id}/devices/{device_id}", "change_devices"),
    "replace_device_token": RouteRow(
        "devices", "POST", "/customers/{customer_id}/devices/{device_id}/token", "change_devices"
    ),
    "check_storage": RouteRow("devices", "GET", "/customers/{customer_id}/storage-check", "read"),
    "list_devices": RouteRow("devices", "GET", "/customers/{customer_id}/devices", "read"),
    "list_devices_csv": RouteRow("devices", "GET", "/customers/{customer_id}/devices.csv", "read"),
    "list_views": RouteRow("devices", "GET", "/views", "read"),
    "get_view": RouteRow("devices", "GET", "/views/{name}", "read"),
    "save_view": RouteRow("devices", "PUT", "/views/{name}", "read"),
    "remove_view": RouteRow("devices", "DELETE", "/views/{name}", "read"),
    "get_me": RouteRow("accounts", "GET", "/me", "read"),
    "record_second_factor": RouteRow("accounts", "PUT", "/me/second-factor", "read"),
    "add_account": RouteRow("accounts", "POST", "/customers/{customer_id}/accounts", "change_accounts"),
    "list_accounts": RouteRow("accounts", "GET", "/accounts", "read"),
    "get_account": RouteRow("accounts", "GET", "/accounts/{account_id}", "read"),
    "change_account": RouteRow("accounts", "PATCH", "/accounts/{account_id}", "change_accounts"),
    "change_email": RouteRow("accounts", "PUT", "/accounts/{account_id}/email", "change_accounts"),
    "resend_invitation": RouteRow("accounts", "POST", "/accounts/{account_id}/invitation", "change_accounts"),
    "add_credential": RouteRow("accounts", "POST", "/accounts/{account_id}/credentials", "change_accounts"),
    "list_credentials": RouteRow("accounts", "GET", "/accounts/{account_id}/credentials", "change_accounts"),
    "revoke_credential": RouteRow(
        "accounts", "DELETE", "/accounts/{account_id}/credentials/{credential_id}", "change_accounts"
    ),
    "get_account_history": RouteRow("accounts", "GET", "/accounts/{account_id}/history", "read_audit"),
    "get_audit": RouteRow("accounts", "GET", "/audit", "read_audit"),
    "get_audit_csv": RouteRow("accounts", "GET", "/audit.csv", "read_audit"),
    "remove_account": RouteRow("accounts", "DELETE", "/accounts/{account_id}", "change_accounts"),
    "get_storage_locations": RouteRow("storage_locations", "GET", "/storage-locations", "read"),
    "replace_storage_locations": RouteRow("storage_locations", "PUT", "/storage-locations", "support"),
    "add_import": RouteRow("imports", "POST", "/imports", "change_customers"),
    "get_import": RouteRow("imports", "GET", "/imports/{import_id}", "read"),
    "add_onboarding": RouteRow("onboarding", "POST", "/onboardings", "change_customers"),
    "get_console": RouteRow("console", "GET", "/", None),
    "get_openapi": RouteRow("console", "GET", "/openapi.json", None),
    "get_docs": RouteRow("console", "GET", "/docs", None),
}


_TEMPLATES: Final = [(row.path.split("/"), row.method) for row in ROUTES.values()]


def allowed_methods(path: str) -> list[str]:
    """Return the methods that a path supports, or an empty list if this API does not have the path."""
    if path.endswith("\n"):
        return []  # the resolver's patterns end with $, which also matches before a final newline
    parts = path.split("/")
    return sorted(method for template, method in _TEMPLATES if _matches(template, parts))


def _matches(template: list[str], parts: list[str]) -> bool:
    return len(template) == len(parts) and all(
        part if name.startswith("{") else name == part for name, part in zip(template, parts, strict=True)
    )
