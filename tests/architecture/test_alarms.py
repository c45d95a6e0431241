"""Tests: alarms of template.yaml, with their runbook entries and dead-letter queues."""

import json
import re
from typing import Any, Final, get_args

import pytest

from local.paths import PROJECT
from shared.api.routes import Function
from tests.architecture.helpers import FUNCTIONS, camel

NOTIFY: Final = [{"If": ["HasAlarmTopic", {"Ref": "AlarmTopicArn"}, {"Ref": "AWS::NoValue"}]}]
# A caller waits for these functions: those of the API, and the trigger of the user pool.
WAITED_FOR: Final = {*get_args(Function), "record_sign_in"}


def alarms_of(template: dict[str, Any], metric: str, dimension: str) -> dict[str, dict[str, Any]]:
    """Return the properties of the alarms on a metric, by the resource that their only dimension names."""
    found = {}
    for resource in template["Resources"].values():
        properties = resource["Properties"]
        if resource["Type"] == "AWS::CloudWatch::Alarm" and properties.get("MetricName") == metric:
            ((name, value),) = ((each["Name"], each["Value"]) for each in properties["Dimensions"])
            assert name == dimension
            found[value.get("Ref") or value["GetAtt"].removesuffix(".QueueName")] = properties
    return found


@pytest.mark.parametrize(
    ("metric", "functions"),
    [("Errors", set(FUNCTIONS)), ("Throttles", set(FUNCTIONS)), ("Duration", WAITED_FOR)],
)
def test_every_function_has_an_alarm_on_errors_and_throttles_and_every_awaited_one_on_its_duration(
    template: dict[str, Any], metric: str, functions: set[str]
) -> None:
    alarms = alarms_of(template, metric, "FunctionName")
    assert set(alarms) == {camel(name) for name in functions}
    for properties in alarms.values():
        assert properties["Namespace"] == "AWS/Lambda"
        assert properties["ComparisonOperator"] == "GreaterThanThreshold"


def test_every_work_queue_and_every_reader_of_the_stream_has_an_alarm_on_its_age(template: dict[str, Any]) -> None:
    queues = alarms_of(template, "ApproximateAgeOfOldestMessage", "QueueName")
    work = {
        name
        for name, each in template["Resources"].items()
        if each["Type"] == "AWS::SQS::Queue" and "RedrivePolicy" in each["Properties"]
    }
    assert set(queues) == work == {"ImportQueue", "TrialShards"}
    readers = alarms_of(template, "IteratorAge", "FunctionName")
    assert set(readers) == {"PublishEvents", "SyncIdentity"}


def test_every_alarm_notifies_the_topic(template: dict[str, Any]) -> None:
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            assert resource["Properties"]["AlarmActions"] == NOTIFY, name


def test_rejections_alarm_depends_on_the_share_of_rejected_requests(template: dict[str, Any]) -> None:
    properties = template["Resources"]["RejectionsAlarm"]["Properties"]
    percent, rejected, requests = properties["Metrics"]
    assert percent["Expression"] == "IF(rejected > 100, 100 * rejected / requests, 0)"
    assert [each["Id"] for each in (rejected, requests)] == ["rejected", "requests"]
    (transformation,) = template["Resources"]["ApiRejections"]["Properties"]["MetricTransformations"]
    counted = rejected["MetricStat"]["Metric"]
    assert (counted["Namespace"], counted["MetricName"]) == (
        transformation["MetricNamespace"],
        transformation["MetricName"],
    )
    # As AWS requires: one result only, and a period for each metric instead of the alarm.
    assert [each.get("ReturnData", True) for each in properties["Metrics"]] == [True, False, False]
    assert not {"MetricName", "Namespace", "Period", "Statistic", "Dimensions"} & set(properties)


def test_every_failure_that_the_code_counts_has_an_alarm(template: dict[str, Any]) -> None:
    """These failures are no errors of a function, because it responds all the same."""
    sources = [path.read_text() for path in (PROJECT / "shared").rglob("*.py")]
    counted = {name for source in sources for name in re.findall(r'count_metric\("(\w+)"\)', source)}
    assert {"mail_not_written", "sign_in_not_recorded", "unhandled_exception"} <= counted
    alarms = [each["Properties"] for each in template["Resources"].values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    assert counted <= {each["MetricName"] for each in alarms if each.get("Namespace") == "BackupCustomers"}


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
