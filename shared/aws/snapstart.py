"""Initialization of a function. With SnapStart, Lambda restores every environment from a snapshot taken after it.

lambda_handler = primed(handler, prime)
"""

import gc
from collections.abc import Callable

from shared.aws.observability import log
from shared.aws.settings import settings


def primed[**P, T](handler: Callable[P, T], prime: Callable[[], object] | None = None) -> Callable[P, T]:
    """Return `handler`. Where Lambda initializes ahead of the first request, call `prime` first.

    The garbage collector, off during initialization, is started again and ignores all objects that exist by now. A
    failure of `prime` is only logged: the first request meets it again and reports it to its caller.
    """
    if prime and settings.is_preinitialized:
        try:
            prime()
        except Exception as error:  # noqa: BLE001 - a function that was not primed can still be called
            log.warning("priming_failed", error=type(error).__qualname__)
    gc.freeze()
    gc.enable()
    return handler
