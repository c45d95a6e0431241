"""An in-memory stub of DynamoDB over HTTP, the same for every measured project."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from shared.table.dynamodb import DynamoStore
from tests.builders import _beginning
from tests.simulation.fake_dynamo import FakeDynamo

TABLE: Final = "table"


def beginning() -> FakeDynamo:
    """Return a table with the root, its account and the catalogue."""
    dynamo = FakeDynamo()
    DynamoStore(dynamo, TABLE).write(*_beginning)  # type: ignore[arg-type]
    return dynamo


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    dynamo: FakeDynamo

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        response: Any = {}
        if operation == "BatchGetItem":
            response = self.dynamo.batch_get_item(RequestItems=request["RequestItems"])
        elif operation == "TransactWriteItems":
            self.dynamo.transact_write_items(request["TransactItems"], request["ClientRequestToken"])
        body = json.dumps(response).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving() -> Iterator[str]:
    """Run the stub within the block. Yield its URL."""
    _Handler.dynamo = beginning()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
