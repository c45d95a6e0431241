"""An in-memory stub of DynamoDB over HTTP, the same for every measured project."""

import json
import threading
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from shared.table.dynamodb import DynamoStore
from tests.builders import a_customer, a_device, bootstrap_in, put
from tests.simulation.fake_dynamo import FakeDynamo

TABLE: Final = "table"
PARENT: Final = a_customer("reseller")
# Every second customer is on trial.
CHILDREN: Final = [a_customer("end_customer", PARENT, name=f"Customer {n:03}", in_trial=n % 2 == 0) for n in range(100)]
# A dashboard of 100 rows: ten devices each of ten customers.
DEVICES: Final = [a_device(child, f"Device {n:03}") for child in CHILDREN[:10] for n in range(10)]


def filled() -> FakeDynamo:
    """Return a table with the root, its account, the catalogue, and a reseller with 100 customers and 100 devices."""
    dynamo = FakeDynamo()
    store = DynamoStore(dynamo, TABLE)  # type: ignore[arg-type]
    bootstrap_in(store)
    put(store, PARENT, *CHILDREN, *DEVICES)
    return dynamo


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet for the headers and the body
    dynamo: FakeDynamo

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        response: Any = {}
        if operation == "BatchGetItem":
            response = self.dynamo.batch_get_item(RequestItems=request["RequestItems"]) | {"UnprocessedKeys": {}}
        elif operation == "Query":
            found = self.dynamo.query(**request)
            response = {**found, "Count": len(found["Items"]), "ScannedCount": len(found["Items"])}
        elif operation == "UpdateItem":
            self.dynamo.update_item(**request)
        elif operation == "TransactWriteItems":
            self.dynamo.transact_write_items(request["TransactItems"], request["ClientRequestToken"])
        body = json.dumps(response, separators=(",", ":")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amzn-RequestId", uuid.uuid4().hex.upper())
        self.send_header("x-amz-crc32", str(zlib.crc32(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving() -> Iterator[str]:
    """Run the stub within the block. Yield its URL."""
    _Handler.dynamo = filled()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
