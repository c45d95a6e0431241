"""Tests: large responses are compressed if the caller accepts gzip, and each encoding has an ETag of its own."""

import base64
import gzip
import json
from copy import deepcopy
from typing import Any

import pytest

from shared.api.compression import MIN_BYTES, is_large
from shared.table.dynamodb import DynamoStore
from tests.api.helpers import A_DISTRIBUTOR, assert_problem
from tests.builders import ROOT, a_device, a_lineage, put
from tests.calls import Called, an_event, call, invoke

PATH = f"/customers/{ROOT.id}/options"
GZIP = {"accept-encoding": "gzip, deflate, br"}


def response_to(name: str, path: str | None = None, **headers: str) -> Any:
    """Return the function's whole response to a GET."""
    event = deepcopy(an_event(name))
    event["rawPath"] = path or event["rawPath"]
    event["headers"] |= {header.replace("_", "-"): value for header, value in headers.items()}
    return invoke(name, event)


def unzipped(response: Any) -> str:
    assert response["isBase64Encoded"] is True
    assert response["headers"]["Content-Encoding"] == "gzip"
    return gzip.decompress(base64.b64decode(response["body"], validate=True)).decode()


@pytest.mark.parametrize(
    "accepted", ["gzip", "GZIP", "br, gzip;q=0.8", "*", "gzip, identity;q=0.5", "deflate;q=0, gzip;q=0.001"]
)
def test_large_response_is_compressed(accepted: str) -> None:
    plain = response_to("get_options", PATH)
    compressed = response_to("get_options", PATH, accept_encoding=accepted)
    assert unzipped(compressed) == plain["body"]
    sent = base64.b64decode(compressed["body"])
    assert len(sent) < len(plain["body"]) / 3
    assert sent[4:8] == bytes(4)  # no time, so equal responses have equal bytes
    assert plain["isBase64Encoded"] is False
    for response in (plain, compressed):
        assert response["statusCode"] == 200
        assert response["headers"]["Vary"] == "Accept-Encoding"
        assert response["headers"]["Content-Type"] == "application/json"
    added = {name: value for name, value in compressed["headers"].items() if name not in plain["headers"]}
    assert added == {"Content-Encoding": "gzip"}


@pytest.mark.parametrize(
    "accepted", ["", "identity", "br", "gzip;q=0", "gzip;q=0, *", "*;q=0", "gzip;q=0.5, identity", "gzip;q=x", "xgzip"]
)
def test_response_is_not_compressed_for_other_callers(accepted: str) -> None:
    response = response_to("get_options", PATH, accept_encoding=accepted)
    assert response["isBase64Encoded"] is False
    assert response["headers"]["Vary"] == "Accept-Encoding"
    assert "Content-Encoding" not in response["headers"]
    assert json.loads(response["body"])


def test_small_response_is_not_compressed() -> None:
    response = response_to("get_customer", f"/customers/{ROOT.id}", **GZIP)
    assert len(response["body"]) < MIN_BYTES
    assert response["isBase64Encoded"] is False
    assert not {"Vary", "Content-Encoding"} & set(response["headers"])


def test_limit_is_in_bytes() -> None:
    assert not is_large("ü" * (MIN_BYTES // 2))
    assert is_large("ü" * (MIN_BYTES // 2) + "a")


def test_head_and_malformed_requests_are_not_compressed() -> None:
    assert unzipped(response_to("get_options", PATH, **GZIP))
    head = call("get_options", path=PATH, method="HEAD", headers=GZIP)
    assert_problem(head, 405, "method_not_allowed")
    malformed = invoke("get_options", {"version": "1.0", "headers": GZIP})
    assert (malformed["statusCode"], malformed["isBase64Encoded"]) == (400, False)


def test_large_problem_is_compressed() -> None:
    body = {f"unknown_{n}": 1 for n in range(20)}
    event = deepcopy(an_event("add_customer"))
    event["body"] = json.dumps(body)
    event["headers"] |= GZIP
    response = invoke("add_customer", event)
    problem = Called(response["statusCode"], response["headers"], unzipped(response))
    assert_problem(problem, 400, "malformed_request")


def test_csv_is_compressed_and_varies_by_both_headers(store: DynamoStore) -> None:
    lineage = a_lineage()
    devices = [a_device(lineage[4], f"Device {n}") for n in range(40)]
    put(store, *lineage[1:5], *devices)
    path = f"/customers/{lineage[4].id}/devices"
    plain = response_to("list_devices", path, accept="text/csv")
    compressed = response_to("list_devices", path, accept="text/csv", **GZIP)
    assert unzipped(compressed) == plain["body"]
    assert plain["body"].count("\r\n") > 20
    for response in (plain, compressed):
        assert response["headers"]["Vary"] == "Accept, Accept-Encoding"
        assert response["headers"]["Content-Type"] == "text/csv; charset=utf-8"


def a_large_customer() -> Called:
    """Add a customer whose response is large."""
    references = {f"system_{n}": "x" * 100 for n in range(8)}
    return call("add_customer", body={**A_DISTRIBUTOR, "references": references}, headers=GZIP)


def test_each_encoding_has_its_own_etag() -> None:
    path = a_large_customer().headers["Location"]
    plain = response_to("get_customer", path)
    compressed = response_to("get_customer", path, **GZIP)
    etag, other = plain["headers"]["ETag"], compressed["headers"]["ETag"]
    assert other == f'{etag[:-1]}-gzip"'
    assert unzipped(compressed) == plain["body"]
    # Each is a 304 for the request that got it, and only for that one: the other's bytes differ.
    for known, accept, status in (
        (other, "gzip", 304), (etag, "identity", 304), (other, "identity", 200), (etag, "gzip", 200),
        (f"W/{other}", "gzip", 304), (f"{etag}, {other}", "gzip", 304),
    ):  # fmt: skip
        response = response_to("get_customer", path, accept_encoding=accept, if_none_match=known)
        assert response["statusCode"] == status, (known, accept)
        assert response["headers"]["Vary"] == "Accept-Encoding"
        assert response["headers"]["ETag"] == (other if accept == "gzip" else etag)
        if status == 304:
            assert (response["body"], response["isBase64Encoded"]) == ("", False)
            assert "Content-Encoding" not in response["headers"]


def test_change_accepts_the_etag_of_either_encoding() -> None:
    added = a_large_customer()
    etag = added.headers["ETag"]
    assert etag.endswith('-gzip"')
    path = added.headers["Location"]
    changed = call("change_customer", path=path, body={"name": "Renamed"}, headers={"if-match": etag})
    assert (changed.status, changed.headers["ETag"][:3]) == (200, '"2-')
    again = {"if-match": changed.headers["ETag"]}
    assert call("change_customer", path=path, body={"name": "Once more"}, headers=again).status == 200
    wrong = {"if-match": '"3-0123456789abcdef-br"'}
    assert_problem(call("change_customer", path=path, body={"name": "A"}, headers=wrong), 412, "stale_version")


@pytest.mark.parametrize("name", ["get_openapi", "get_docs"])
def test_reference_is_compressed_and_sent_once(name: str) -> None:
    first = response_to(name, **GZIP)
    assert unzipped(first) == call(name).text
    again = response_to(name, **GZIP, if_none_match=first["headers"]["ETag"])
    assert (again["statusCode"], again["headers"]["ETag"]) == (304, first["headers"]["ETag"])
