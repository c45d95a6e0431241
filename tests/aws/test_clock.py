"""Tests: the clock offset of a local stack."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local.clock import put_forward
from shared.aws import clock

REAL = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


def test_clock_offset_applies_only_on_a_local_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "clock"
    file.write_text("86400")
    monkeypatch.setenv("CLOCK_FILE", str(file))
    for endpoint in (None, ""):  # on AWS
        if endpoint is None:
            monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
        else:
            monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        assert clock.clock_offset() == timedelta()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4700")
    assert clock.clock_offset() == timedelta(days=1)
    assert clock.now() - datetime.now(UTC) > timedelta(hours=23)
    for text in ("-86400", "nonsense"):
        file.write_text(text)
        assert clock.clock_offset() == timedelta()
    file.unlink()
    assert clock.clock_offset() == timedelta()


def test_put_forward_returns_the_offset_and_rejects_a_time_in_the_past() -> None:
    day = timedelta(days=1)
    assert put_forward("+31d", REAL, timedelta()) == 31 * day
    assert put_forward("+12h", REAL, day) == 1.5 * day
    assert put_forward("2026-12-30T00:00:00Z", REAL, day) == datetime(2026, 12, 30, tzinfo=UTC) - REAL
    for value in ("2026-11-25T00:00:00Z", "-1d", "", "soon"):
        with pytest.raises(ValueError):
            put_forward(value, REAL, day)
