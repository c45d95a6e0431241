"""The queue of imports: each message resumes one import."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from shared.aws import clock
from shared.aws.batch import MESSAGE_ID, process_batch
from shared.aws.observability import count_metric, log
from shared.imports.file import Import

# Resumes the import with this id: the clock, whether the time is up -> the import, or None where there is none.
Resume = Callable[[str, Callable[[], datetime], Callable[[], bool]], Import | None]


def consume_import_messages(event: Any, resume: Resume, *, time_is_up: Callable[[], bool]) -> dict[str, Any]:
    """Call `resume` for the import of each message. The response reports the messages that failed."""

    def resume_import(message: Any) -> None:
        import_id = json.loads(message["body"])["import_id"]
        import_job = resume(import_id, clock.now, time_is_up)
        if import_job is None:
            log.error("import_absent", import_id=import_id)
            return
        counts = {f"rows_{name}": getattr(import_job, name) for name in ("created", "existed", "refused")}
        finished = import_job.finished_at is not None
        log.info("import_resumed", import_id=import_job.id, finished=finished, **counts)
        count_metric("import_finished" if finished else "import_resumed")

    return process_batch(event, MESSAGE_ID, resume_import, failed_as="import_message_failed")
