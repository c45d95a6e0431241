"""How a function starts. With SnapStart the start is kept, and every later environment goes on from here.

lambda_handler = started(handler, warm)
"""

import gc
from collections.abc import Callable

from shared.aws.observability import log
from shared.aws.settings import settings


def primed[**P, T](handler: Callable[P, T], warm: Callable[[], object] | None = None) -> Callable[P, T]:
    """The handler. Where nobody waits for the start, `warm` was called; the collector leaves out what was made by now.

    What fails in `warm` fails again where somebody waits for it, and is told to them.
    """
    if warm and settings.is_preinitialized:
        try:
            warm()
        except Exception as error:  # noqa: BLE001 - a function that cannot be warmed can still be called
            log.warning("not_warmed", error=type(error).__qualname__)
    gc.freeze()
    gc.enable()
    return handler
