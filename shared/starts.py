"""How a function starts: what can be done before its first request is done then, once for all requests.

    lambda_handler = started(handler, warm)

On AWS the start is the part that SnapStart keeps: a later environment goes on from here.
"""

import gc
from collections.abc import Callable

from shared.environment import starts_on_lambda
from shared.facts import log


def started[**P, T](handler: Callable[P, T], warm: Callable[[], object] | None = None) -> Callable[P, T]:
    """The handler, when on Lambda `warm` was called and what has been made will not be looked through any more.

    What fails in `warm` fails again where somebody waits for it, and is told to them.
    """
    if warm and starts_on_lambda():
        try:
            warm()
        except Exception as error:  # noqa: BLE001 - a function that cannot be warmed can still be called
            log.warning("not_warmed", error=type(error).__qualname__)
    gc.freeze()
    gc.enable()
    return handler
