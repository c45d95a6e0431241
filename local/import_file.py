"""`make import FILE=customers.csv`: add the customers of a file on the running stack, with a progress bar.

The command can be interrupted and repeated at any time: the same file resumes its import. After an import that is
done, it tries the rejected rows again.
"""

import argparse
import csv
import hashlib
import json
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final

import httpx
from botocore.exceptions import BotoCoreError, ClientError
from tqdm import tqdm

from local.paths import STACK_FILE
from local.seed import token_of

# CSV is sent as bytes: the service knows UTF-16, and other encodings by their names.
_MEDIA: Final = {".csv": "application/octet-stream", ".jsonl": "application/jsonl", ".ndjson": "application/jsonl"}
_SHOWN: Final = 10  # refused rows on the screen; all of them are in the file of results


class Importer:
    """The API of the running stack, as one of its accounts."""

    def __init__(self, stack: dict[str, Any], account: str) -> None:
        self._stack, self._account = stack, stack["accounts"][account]
        self._token = token_of(stack, self._account)

    def call(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        for _ in range(2):
            headers = {"Authorization": f"Bearer {self._token}", **request.get("headers", {})}
            answer = httpx.request(method, self._stack["url"] + path, **{**request, "headers": headers}, timeout=60)
            if answer.status_code != httpx.codes.UNAUTHORIZED:
                break
            self._token = token_of(self._stack, self._account)  # a token is good for 15 minutes
        if answer.is_error:
            problem = answer.json()
            lines = [f"  {error.get('detail', error['code'])}" for error in problem.get("errors", [])]
            sys.exit("\n".join([problem.get("detail", answer.text), *lines]))
        found: dict[str, Any] = answer.json()
        return found

    def results(self, import_id: str) -> Iterator[dict[str, Any]]:
        query = {"limit": "1000"}
        while True:
            page = self.call("GET", f"/imports/{import_id}", params=query)
            yield from page["results"]
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]


def main() -> None:
    words = argparse.ArgumentParser(prog="make import FILE=customers.csv", description=__doc__)
    words.add_argument("file", type=Path)
    words.add_argument("--account", default="root")
    words.add_argument("--dry-run", action="store_true")
    words.add_argument("--encoding", default="", help="of a CSV file that is not UTF-8, such as windows-1252")
    asked = words.parse_args()
    media = _MEDIA.get(asked.file.suffix.lower())
    if media is None or not asked.file.is_file():
        sys.exit("Name a file that is there, .csv or .jsonl: make import FILE=customers.csv")
    try:
        importer = Importer(json.loads(STACK_FILE.read_text(encoding="utf-8")), asked.account)
        query = {name: value for name, value in (("encoding", asked.encoding),) if value}
        carry_out(importer, asked.file, media, query, dry_run=asked.dry_run)
    except KeyError as error:
        sys.exit(f"There is no account {error}; see make token.")
    except (OSError, BotoCoreError, ClientError, httpx.TransportError) as error:
        sys.exit(f"No stack is running here. Start it in another terminal: make run ({error})")


def carry_out(importer: Importer, file: Path, media: str, query: dict[str, str], *, dry_run: bool) -> None:
    """Send the file, wait until the import is done, and write the result of each row beside the file."""
    content = file.read_bytes()
    digest = hashlib.sha256(content + str(query).encode()).hexdigest()
    query = {**query, **({"validate_only": "true"} if dry_run else {})}
    for attempt in count():  # an interrupted import resumes; after one that is done, the rejected rows are tried again
        headers = {"Content-Type": media, "Idempotency-Key": f"{digest}-{attempt}" if attempt else digest}
        answer = importer.call("POST", "/imports", headers=headers, content=content, params=query)
        if answer["state"] != "done":
            break
    results = answer["results"]
    if not dry_run:
        with tqdm(total=answer["rows"], unit=" rows") as bar:
            while True:
                bar.update(answer["rows_done"] - bar.n)
                if answer["state"] == "done":
                    break
                time.sleep(0.5)
                answer = importer.call("GET", f"/imports/{answer['id']}", params={"limit": "1"})
        results = list(importer.results(answer["id"]))
    for notice in answer["notices"]:
        print(notice["detail"])
    would = "would be " if dry_run else ""
    print(f"{answer['created']} {would}created, {answer['existed']} existed, {answer['refused']} {would}refused.")
    target = file.with_suffix(".results.csv")
    with target.open("w", encoding="utf-8", newline="") as written:
        writer = csv.writer(written)
        writer.writerow(["row", "status", "customer_id", "errors"])
        for result in sorted(results, key=lambda result: int(result["row"])):
            reasons = "; ".join(error["detail"] for error in result["errors"])
            writer.writerow([result["row"], result["status"], result["customer_id"] or "", reasons])
    refused = [result for result in results if result["status"] == "refused"]
    for result in refused[:_SHOWN]:
        print(f"  row {result['row']}: {'; '.join(error['detail'] for error in result['errors'])}")
    print(f"The result of each row is in {target}.")


if __name__ == "__main__":
    main()
