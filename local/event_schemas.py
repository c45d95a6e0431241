"""`make schemas`: write the JSON Schema of every event to docs/events."""

import json
from typing import Any

from local.paths import PROJECT
from shared.events.events import TYPES


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of each event, by file name."""
    made = {}
    for kind, model in TYPES.items():
        version = model.model_fields["schema_version"].default
        schema = model.model_json_schema(mode="serialization")
        made[f"{kind}.v{version}.json"] = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return made


def main() -> None:
    folder = PROJECT / "docs" / "events"
    folder.mkdir(exist_ok=True)
    for name, schema in schemas().items():
        (folder / name).write_text(json.dumps(schema, indent=2) + "\n", encoding="utf-8")
    print(f"{len(schemas())} schemas are in docs/events")


if __name__ == "__main__":
    main()
