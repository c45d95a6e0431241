"""Run in a new process: import a handler as Lambda does, and call it once, or many times when it is warm.

    python -S -E start.py FOLDERS MODULE ATTRIBUTE EVENTS.json [CALLS]

It imports only from FOLDERS (separated by `:`) and the standard library. It prints one line of JSON to standard error.
With CALLS, the DynamoDB client does nothing, and that many warm calls are timed.
"""

import json
import os
import sys
import time

folders, module, attribute, events, *calls = sys.argv[1:]
with open(events) as file:  # noqa: PTH123 - nothing is to be imported yet
    given = json.load(file)


class Context:
    aws_request_id = "request"
    function_name = "function"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:function"
    log_group_name = log_stream_name = function_version = "1"

    def get_remaining_time_in_millis(self):
        return 10_000


class NoDynamo:
    """A client like boto3's that returns immediately."""

    def __init__(self, *_a, **_k):
        self.records = {(r["pk"]["S"], r["sk"]["S"]): r for r in given["records"]}

    def batch_get_item(self, RequestItems):  # noqa: N803 - boto3's own names
        ((table, expected),) = RequestItems.items()
        keys = [(k["pk"]["S"], k["sk"]["S"]) for k in expected["Keys"]]
        return {"Responses": {table: [self.records[k] for k in keys if k in self.records]}}

    def put_item(self, **_):
        return {}

    transact_write_items = put_item


def event(number):
    made = json.loads(given["event"])
    made["body"] = json.dumps(json.loads(made["body"]) | {"name": f"Customer {os.getpid()} {number}"})
    made["headers"]["idempotency-key"] = f"key-{os.getpid()}-{number}"
    return made


def handler():
    sys.path[:0] = folders.split(":")
    __import__(module)
    return getattr(sys.modules[module], attribute)


def cold():
    first = event(0)
    before = set(sys.modules)
    wall, cpu = time.perf_counter(), time.process_time()
    call = handler()
    started = time.process_time()
    response = call(first, Context())
    ended = time.process_time()
    assert response["statusCode"] == 201, response
    return {
        "cpu": ended - cpu,
        "init": started - cpu,
        "first": ended - started,
        "wall": time.perf_counter() - wall,
        "modules": len(set(sys.modules) - before),
    }


def warm(number):
    sys.path[:0] = folders.split(":")
    from botocore.session import Session  # noqa: PLC0415 - from the folders

    Session.create_client = NoDynamo  # which boto3 calls too
    call = handler()
    made = [event(n) for n in range(number + 200)]
    for each in made[:200]:
        assert call(each, Context())["statusCode"] == 201
    began = time.process_time()
    for each in made[200:]:
        call(each, Context())
    return {"us": (time.process_time() - began) / number * 1e6}


result = warm(int(calls[0])) if calls else cold()
sys.stdout.flush()
sys.stderr.write("\n" + json.dumps(result))
