"""Tests: alarms of template.yaml, with their runbook entries and dead-letter queues."""

import json
import re
from typing import Any

from local.paths import PROJECT


def test_every_alarm_names_its_runbook_entry(template: dict[str, Any]) -> None:
    entries = set(re.findall(r"^## (.+)$", (PROJECT / "docs" / "runbook.md").read_text(), re.MULTILINE))
    named = set()
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            found = re.search(r'docs/runbook.md, "(.+)"', resource["Properties"]["AlarmDescription"])
            assert found, name
            named.add(found[1])
    assert named == entries


def test_every_asynchronous_path_has_a_dead_letter_queue_with_an_alarm(template: dict[str, Any]) -> None:
    text = json.dumps(template["Resources"])
    for queue in ("AccountsFailed", "RunsFailed", "EventsFailed", "ImportsFailed"):
        assert f"{queue}.QueueName" in json.dumps(template["Resources"][f"{queue}Alarm"])
        assert f"{queue}.Arn" in text
