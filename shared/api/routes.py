"""Every route of the API on one screen: which function serves it and which operation its caller needs.

A function whose name has no row here fails at import. The template, the OpenAPI document and the README are held to
this table by tests.
"""

from typing import Final, NamedTuple

from shared.auth.authorization import Operation


class RouteRow(NamedTuple):
    method: str
    path: str
    operation: Operation


ROUTES: Final = {
    "add_customer": RouteRow("POST", "/customers", "change_customers"),
    "get_customer": RouteRow("GET", "/customers/{customer_id}", "read"),
    "list_customers": RouteRow("GET", "/customers", "read"),
    "change_customer": RouteRow("PATCH", "/customers/{customer_id}", "change_customers"),
    "archive_customer": RouteRow("DELETE", "/customers/{customer_id}", "change_customers"),
    "restore_customer": RouteRow("POST", "/customers/{customer_id}/restore", "change_customers"),
    "change_storage_location": RouteRow("PUT", "/customers/{customer_id}/storage-location", "support"),
    "get_history": RouteRow("GET", "/customers/{customer_id}/history", "read"),
    "get_customer_by_reference": RouteRow("GET", "/customers/by-reference/{system}/{value}", "read"),
    "save_customer_by_reference": RouteRow("PUT", "/customers/by-reference/{system}/{value}", "change_customers"),
    "get_options": RouteRow("GET", "/customers/{customer_id}/options", "read"),
    "start_production": RouteRow("POST", "/customers/{customer_id}/production", "change_customers"),
    "get_invoicing": RouteRow("GET", "/customers/{customer_id}/invoicing", "read_invoicing"),
    "get_trial": RouteRow("GET", "/customers/{customer_id}/trial", "read"),
    "add_import": RouteRow("POST", "/imports", "change_customers"),
    "add_onboarding": RouteRow("POST", "/onboardings", "change_customers"),
    "get_import": RouteRow("GET", "/imports/{import_id}", "read"),
    "get_storage_locations": RouteRow("GET", "/storage-locations", "read"),
    "replace_storage_locations": RouteRow("PUT", "/storage-locations", "support"),
    "get_me": RouteRow("GET", "/me", "read"),
    "add_test_device": RouteRow("POST", "/customers/{customer_id}/test-devices", "change_test_devices"),
    "get_test_device": RouteRow("GET", "/customers/{customer_id}/test-devices/{device_id}", "read"),
    "remove_test_device": RouteRow(
        "DELETE", "/customers/{customer_id}/test-devices/{device_id}", "change_test_devices"
    ),
    "check_storage": RouteRow("GET", "/customers/{customer_id}/storage-check", "read"),
    "list_devices": RouteRow("GET", "/customers/{customer_id}/devices", "read"),
    "list_views": RouteRow("GET", "/views", "read"),
    "get_view": RouteRow("GET", "/views/{name}", "read"),
    "save_view": RouteRow("PUT", "/views/{name}", "read"),
    "remove_view": RouteRow("DELETE", "/views/{name}", "read"),
    "add_account": RouteRow("POST", "/customers/{customer_id}/accounts", "change_accounts"),
    "list_accounts": RouteRow("GET", "/accounts", "read"),
    "get_account": RouteRow("GET", "/accounts/{account_id}", "read"),
    "change_account": RouteRow("PATCH", "/accounts/{account_id}", "change_accounts"),
    "remove_account": RouteRow("DELETE", "/accounts/{account_id}", "change_accounts"),
}


def allowed_methods(path: str) -> list[str]:
    """The methods that a path answers to; none for a path that is not of this API."""
    parts = path.split("/")
    return sorted(row.method for row in ROUTES.values() if _matches(row.path.split("/"), parts))


def _matches(template: list[str], parts: list[str]) -> bool:
    return len(template) == len(parts) and all(
        part if name.startswith("{") else name == part for name, part in zip(template, parts, strict=True)
    )
