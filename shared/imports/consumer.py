"""The edge of the function on the queue of imports: one message after the other."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.aws import clock
from shared.aws.batch import process_batch
from shared.aws.observability import count_metric, log
from shared.imports.file import Import
from shared.trials.schedule import RESERVE_MS

_MESSAGE: Final = ("messageId",)

# Carry an import on at the clock's time, until the time is up.
Act = Callable[[str, Callable[[], datetime], Callable[[], bool]], Import | None]


def consume_import_messages(event: Any, context: LambdaContext, act: Act) -> dict[str, Any]:
    """Calls `act` for the import of each message; the answer names the messages that failed."""

    def one(record: Any) -> None:
        import_id = json.loads(record["body"])["import_id"]
        of = act(import_id, clock.now, lambda: context.get_remaining_time_in_millis() < RESERVE_MS)
        if of is None:
            log.error("import_absent", import_id=import_id)
            return
        counts = {f"rows_{name}": getattr(of, name) for name in ("created", "existed", "refused")}
        log.info("import_carried_on", import_id=of.id, finished=of.finished_at is not None, **counts)
        count_metric("import_finished" if of.finished_at else "import_carried_on")

    return process_batch(event, _MESSAGE, one, failed_as="import_message_failed")
