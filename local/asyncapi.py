"""`make openapi`: print the AsyncAPI document of the events, which is generated from their models."""

import inspect
import json
import sys
from typing import Any, Final

from local.openapi import CONTACT, cleaned, of_response, schemas_of, version
from local.paths import PROJECT
from shared.events.bus import SOURCE
from shared.events.events import TYPES

_DESCRIPTION: Final = (
    "The events that EventBridge sends to the targets of a rule. Each is delivered at least once, and event_id "
    "recognizes duplicates. Within a customer, epoch and then sequence give the order. Events may get new fields, and "
    "the values of x-extensible-enum may get new ones: ignore what you do not know."
)
# What EventBridge adds to an event.
_ENVELOPE: Final = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "source": SOURCE,
    "account": "123456789012",
    "region": "eu-west-1",
    "resources": [],
}


def document() -> dict[str, Any]:
    """Build the document: a message for each type of events, with its schema and a recorded event as a whole sample."""
    examples = json.loads((PROJECT / "docs" / "examples.json").read_text(encoding="utf-8"))["events"]
    schemas = {name: of_response(name, schema) for name, schema in schemas_of(*TYPES.values()).items()}
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Backup customers: events",
            "version": version(),
            "description": _DESCRIPTION,
            "contact": CONTACT,
            "license": {"name": "Proprietary"},
            "tags": [{"name": "events", "description": "Changes of customers, devices, accounts and the catalogue."}],
        },
        "defaultContentType": "application/json",
        "servers": {"eventbridge": {"host": "events.amazonaws.com", "protocol": "eventbridge"}},
        "channels": {
            "events": {
                "address": "the event bus of the stack, its output EventBusName",
                "messages": {kind: {"$ref": f"#/components/messages/{kind}"} for kind in TYPES},
            }
        },
        "operations": {
            "publish": {
                "action": "send",
                "channel": {"$ref": "#/channels/events"},
                "summary": "Publish what has changed in the table.",
                "description": "EventBridge delivers the events of the bus to the targets of your rules.",
                "security": [],
            }
        },
        "components": {
            "messages": {kind: _message(kind, examples[kind]) for kind in TYPES},
            "schemas": dict(sorted(cleaned(schemas).items())),
        },
    }


def _message(kind: str, detail: dict[str, Any]) -> dict[str, Any]:
    model = TYPES[kind]
    sample = {**_ENVELOPE, "detail-type": kind, "time": detail["occurred_at"], "detail": detail}
    properties: dict[str, Any] = {name: {"type": "string"} for name in sample}
    properties["detail-type"] = {"type": "string", "enum": [kind]}
    properties["resources"] = {"type": "array", "items": {"type": "string"}}
    properties["detail"] = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {
        "name": kind,
        "summary": (inspect.getdoc(model) or "").partition("\n")[0],
        "payload": {"type": "object", "properties": properties, "required": list(properties)},
        "examples": [{"payload": sample}],
    }


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=1)
    print()
