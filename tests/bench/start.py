"""Run in a new process: import a handler as Lambda does, and call it once, or many times when it is warm.

    python -S -E start.py FOLDERS MODULE ATTRIBUTE EVENT.json [CALLS WARM_CALLS]

It imports only from FOLDERS (separated by `:`) and the standard library. It prints one line of JSON to standard error.
With CALLS, that many calls are timed after WARM_CALLS others, at most 500 together.
"""

import json
import os
import sys
import time

PREPARED = 500  # events, always as many, so that runs differ by their calls only

folders, module, attribute, path, *numbers = sys.argv[1:]
with open(path) as file:  # noqa: PTH123 - nothing is to be imported yet
    given = file.read()


class Context:
    aws_request_id = "request"
    function_name = "function"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:function"
    log_group_name = log_stream_name = function_version = "1"

    def get_remaining_time_in_millis(self):
        return 10_000


def event(number):
    """Return the event with another name and key for each call, if it adds a customer."""
    made = json.loads(given)
    if made.get("body"):
        made["body"] = json.dumps(json.loads(made["body"]) | {"name": f"Customer {os.getpid()} {number}"})
        made["headers"]["idempotency-key"] = f"key-{os.getpid()}-{number}"
    return made


def handler():
    sys.path[:0] = folders.split(":")
    __import__(module)
    return getattr(sys.modules[module], attribute)


def checked(response):
    assert response["statusCode"] in (200, 201), response
    return response


def cold():
    first = event(0)
    before = set(sys.modules)
    wall, cpu = time.perf_counter(), time.process_time()
    call = handler()
    started = time.process_time()
    response = call(first, Context())
    ended = time.process_time()
    checked(response)
    return {
        "cpu": ended - cpu,
        "init": started - cpu,
        "first": ended - started,
        "wall": time.perf_counter() - wall,
        "modules": len(set(sys.modules) - before),
    }


def warm(number, before):
    call = handler()
    made = [event(n) for n in range(PREPARED)]
    for each in made[:before]:
        response = checked(call(each, Context()))
    began = time.process_time()
    for each in made[before : before + number]:
        call(each, Context())
    return {"us": (time.process_time() - began) / number * 1e6, "bytes": len(response["body"])}


result = warm(*map(int, numbers)) if numbers else cold()
sys.stdout.flush()
sys.stderr.write("\n" + json.dumps(result))
