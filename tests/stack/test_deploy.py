"""Tests: deploying a template on ministack."""

import json
from typing import Any

import pytest

from local.deploy import STACK, apply_template
from local.ministack import LocalError, Ministack

pytestmark = [pytest.mark.ministack, pytest.mark.enable_socket]

QUEUE = {"Type": "AWS::SQS::Queue"}
# ministack 1.5.33 rejects it only when it creates the resource.
FAILS = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": [{"Id": "m", "Expression": "1"}]}}


def test_stack_whose_creation_failed_can_be_deployed_after_the_template_is_fixed(ministack: Ministack) -> None:
    cloudformation, s3 = ministack.client("cloudformation"), ministack.client("s3")
    s3.create_bucket(Bucket="templates", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})

    def apply(**resources: Any) -> None:
        s3.put_object(Bucket="templates", Key="template.json", Body=json.dumps({"Resources": resources}))
        apply_template(cloudformation, f"{ministack.endpoint}/templates/template.json", {})

    for _ in range(2):
        with pytest.raises(LocalError, match="ROLLBACK_COMPLETE"):
            apply(Queue=QUEUE, Fails=FAILS)
    apply(Queue=QUEUE)
    apply(Queue=QUEUE, Second=QUEUE)
    resources = cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
    assert {each["LogicalResourceId"] for each in resources} == {"Queue", "Second"}
    cloudformation.delete_stack(StackName=STACK)
