"""What schemathesis must know of the emulator and of us. Runs in the environment of schemathesis."""

from typing import Any

import schemathesis


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """ministack gives an answer without a body a media type; the functions give none."""
    if response.status_code == 204:
        response.headers.pop("content-type", None)


@schemathesis.hook
def filter_case(context: Any, case: Any) -> bool:
    """The view `default` is there for everybody: removed, it is as it was at first, and so still there."""
    return not (case.method == "DELETE" and (case.path_parameters or {}).get("name") == "default")
