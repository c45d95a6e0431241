"""The story that each generated client plays on the running stack, with typed calls only.

A file in `stories/` reads the stack's address and tokens from its standard input and prints each step as JSON: the
step's name, the status, and what the client's models contained.
"""

from typing import Any

# A client's name in the place of NAME.
NAME = "<name>"
STEPS: list[list[Any]] = [
    ["get_me", 200, "root"],
    ["expired_token", 401, "Unauthorized"],  # from the gateway, which knows no problem+json
    ["preview", 200, NAME, "DK"],
    ["add", 201, NAME, True],  # the Location header is the customer's path
    ["repeat", 201, True, "true"],  # the same id, and the Idempotent-Replayed header
    [
        "broken_rules",
        422,
        "broken_rules",
        ["/device_country", "/level", "/name", "/service_type", "/services_to_provide"],
    ],
    ["absent", 404, "not_found"],
    ["import", 202, 2, ["created", "created"]],  # a reseller, and an end-customer below it
    ["list", 200, [NAME, f"{NAME} reseller", f"{NAME} end-customer"]],  # three pages, by the cursor
    ["change", 200, f"{NAME} changed", "in_trial", 30, True],  # with If-Match; a later version
    ["add_test_device", 201, True, False, "SE"],  # a test device, not invoiced
    ["csv", 200, 2],  # a header and a device
    ["remove_test_device", 204],
    ["archive", 200, True],
    ["restore", 200, True],
]
