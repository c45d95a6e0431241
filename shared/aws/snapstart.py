"""Initialization of a function. With SnapStart, Lambda restores every environment from a snapshot taken after it.

lambda_handler = primed(handler, prime)
"""

import gc
from collections.abc import Callable

from shared.aws.observability import log
from shared.aws.settings import settings


def primed[**P, T](handler: Callable[P, T], prime: Callable[[], object] | None = None) -> Callable[P, T]:
    """Return `handler`. If Lambda initializes before the first request, call `prime` first.

    The garbage collector, which is off during initialization, is started. It ignores all objects that exist by then.
    A failure of `prime` is only logged. If it persists, the first request fails too and reports it to its caller.
    """
    if prime and settings.is_preinitialized:
        try:
            prime()
        except Exception as error:  # noqa: BLE001 - a function that was not primed can still be called
            log.warning("priming_failed", error=type(error).__qualname__)
    gc.freeze()
    gc.enable()
    return handler
