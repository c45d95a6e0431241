"""The records of an import: itself, and its rows and results in parts."""

import base64
import json
import zlib
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from shared.imports.file import Import
from shared.table.keys import Item, Key, import_key
from shared.table.queries import build_record


def import_item(import_job: Import) -> Item:
    return build_record(import_key(import_job.id), import_job)


def part_item(key: Key, import_job: Import, records: Sequence[BaseModel]) -> Item:
    """Build the record of one part's rows or results, compressed: they are always read together."""
    packed = pack_records([record.model_dump(mode="json", exclude_defaults=True) for record in records])
    return {"pk": key[0], "sk": key[1], "records": packed, "expires_at": import_job.kept_until}


def pack_records(records: list[dict[str, Any]]) -> str:
    return base64.b64encode(zlib.compress(json.dumps(records, ensure_ascii=False).encode())).decode()


def unpack_records(item: Item) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads(zlib.decompress(base64.b64decode(item["records"])))
    return records
