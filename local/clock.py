"""`make clock AT=...`: move the running stack's clock forward, to a time or by days (+31d) or hours (+12h)."""

import re
import sys
from datetime import UTC, datetime, timedelta
from typing import Final

from local.paths import CLOCK_FILE

_STEP: Final = re.compile(r"\+(\d{1,4})([dh])")


def put_forward(at: str, real: datetime, before: timedelta) -> timedelta:
    """Return the new offset of the clock. Raises ValueError for an invalid time or one before the current time."""
    step = _STEP.fullmatch(at)
    if step:
        return before + int(step[1]) * (timedelta(days=1) if step[2] == "d" else timedelta(hours=1))
    moment = datetime.fromisoformat(at)
    ahead = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - real
    if ahead < before:
        raise ValueError(f"it is {real + before:%Y-%m-%dT%H:%M:%SZ} there already, and the clock goes forward only")
    return ahead


def main() -> None:
    real = datetime.now(UTC)
    before = timedelta(seconds=float(CLOCK_FILE.read_text(encoding="ascii"))) if CLOCK_FILE.exists() else timedelta()
    try:
        ahead = put_forward(sys.argv[1] if len(sys.argv) > 1 else "", real, before)
    except ValueError as error:
        sys.exit(f"Give a time, or how far: make clock AT=2026-12-30T00:00:00Z, or AT=+31d ({error})")
    CLOCK_FILE.parent.mkdir(parents=True, exist_ok=True)
    CLOCK_FILE.write_text(str(ahead.total_seconds()), encoding="ascii")
    print(f"For the functions it is {real + ahead:%Y-%m-%dT%H:%M:%SZ} now. The schedule runs within a minute.")


if __name__ == "__main__":
    main()
