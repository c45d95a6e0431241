"""The edge of functions on a queue: one message after the other."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared import clock
from shared.facts import count, flush, log
from shared.imports import Import
from shared.schedules import RESERVE_MS

# Carry an import on at the clock's time, until the time is up.
Act = Callable[[str, Callable[[], datetime], Callable[[], bool]], Import | None]


def each_import(event: dict[str, Any], context: LambdaContext, act: Act) -> None:
    """Calls `act` for the import of each message. What it raises brings the message again."""
    try:
        for record in event["Records"]:
            import_id = json.loads(record["body"])["import_id"]
            of = act(import_id, clock.now, lambda: context.get_remaining_time_in_millis() < RESERVE_MS)
            if of is None:
                log.error("import_absent", import_id=import_id)
                continue
            counts = {f"rows_{name}": getattr(of, name) for name in ("created", "existed", "refused")}
            log.info("import_carried_on", import_id=of.id, finished=of.finished_at is not None, **counts)
            count("import_finished" if of.finished_at else "import_carried_on")
    finally:
        flush()
