"""The real template on ministack, through HTTP, with tokens that Cognito signed."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from joserfc import jwt
from joserfc.jwk import RSAKey

from local.ministack import client
from local.seed import access_token, set_password
from tests.conftest import PERSONAL, RunningStack, kill_workers

pytestmark = [pytest.mark.ministack, pytest.mark.enable_socket]

BOTH = ["all_inclusive", "software_only"]


def add(stack: RunningStack, **body: Any) -> dict[str, Any]:
    answer = stack.call("POST", "/customers", json=body)
    assert answer.status_code == 201, answer.text
    added: dict[str, Any] = answer.json()
    return added


def test_the_story_of_the_source_document(stack: RunningStack) -> None:
    """A distributor, a sub-distributor, a reseller, an end-customer on trial and a site, each by the form's options."""
    root = stack.call("GET", "/me").json()["customer"]
    parent, line = root, [root]
    for level, fields in {
        "distributor": {"service_type": "all_inclusive", "services_to_provide": BOTH, "device_country": "Denmark"},
        "sub_distributor": {
            "service_type": "all_inclusive",
            "services_to_provide": BOTH,
            "device_country": "Finland",
            "storage_location": "Sweden",
        },
        "reseller": {"service_type": "software_only", "services_to_provide": BOTH, "device_country": "GB"},
        "end_customer": {"service_type": "all_inclusive", "device_country": "South Africa", "in_trial": True},
        "site": {"device_country": "United States"},
    }.items():
        options = stack.call("GET", f"/customers/{parent['id']}/options").json()
        form = next(option["fields"] for option in options["levels"] if option["level"] == level)
        body = {"name": f"The {level}", "parent_id": parent["id"], **fields}
        if form["level"]["rule"] == "required":
            body["level"] = level
        assert {field for field, option in form.items() if option["rule"] == "required"} <= set(body)
        assert not {field for field, option in form.items() if option["rule"] == "refused"} & set(body)
        parent = add(stack, **body)
        assert parent["level"] == level
        line.append(parent)

    _, distributor, sub_distributor, reseller, end_customer, site = line
    assert (distributor["storage_location"]["code"], distributor["storage_location"]["decided"]) == ("DK", "hosted")
    assert (sub_distributor["storage_location"]["code"], sub_distributor["storage_location"]["decided"]) == (
        "SE",
        "chosen",
    )
    assert reseller["state"] == "in_production"
    assert (end_customer["state"], site["state"]) == ("in_trial", "in_trial")
    assert (site["service_type"], site["inherited_from"]) == ("all_inclusive", end_customer["id"])

    subtree = stack.call("GET", "/customers", params={"within": distributor["id"]}).json()["customers"]
    assert [customer["id"] for customer in subtree] == [customer["id"] for customer in line[1:]]
    assert subtree == [stack.call("GET", f"/customers/{customer['id']}").json() for customer in line[1:]]


def test_a_request_that_is_repeated_is_carried_out_once(stack: RunningStack) -> None:
    root = stack.call("GET", "/me").json()["customer"]["id"]
    request: dict[str, Any] = {
        "json": {
            "name": "Once",
            "parent_id": root,
            "service_type": "all_inclusive",
            "services_to_provide": BOTH,
            "device_country": "DE",
        },
        "headers": {"Idempotency-Key": "once"},
    }
    first = stack.call("POST", "/customers", **request)
    again = stack.call("POST", "/customers", **request)
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    assert stack.call("POST", "/customers", json=request["json"]).json()["customer_id"] == first.json()["id"]


def signed(stack: RunningStack, **changes: Any) -> str:
    """The root's access token with other claims, signed anew with the pool's own key."""
    head, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in stack.token.split(".")[:2])
    (key,) = stack.directory.glob(f"state/cognito-pool-keys/{stack.stack['user_pool_id']}-access.pem")
    return jwt.encode(head, claims | changes, RSAKey.import_key(key.read_text()))


def other_pools_token(stack: RunningStack) -> str:
    cognito = client("cognito-idp", stack.ministack.endpoint)
    pool = cognito.create_user_pool(PoolName="other")["UserPool"]["Id"]
    app = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="other", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    root = stack.stack["accounts"]["root"]["id"]
    cognito.admin_create_user(UserPoolId=pool, Username=root, MessageAction="SUPPRESS")
    return access_token(cognito, app, root, set_password(cognito, pool, root))


def id_token(stack: RunningStack) -> str:
    cognito = client("cognito-idp", stack.ministack.endpoint)
    root = stack.stack["accounts"]["root"]
    answer = cognito.initiate_auth(
        ClientId=stack.stack["client_id"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": root["id"], "PASSWORD": root["password"]},
    )
    token: str = answer["AuthenticationResult"]["IdToken"]
    return token


def test_a_token_signed_again_with_the_pools_key_is_good(stack: RunningStack) -> None:
    assert stack.call("GET", "/me", token=signed(stack)).status_code == 200


@pytest.mark.parametrize(
    ("kind", "statuses"),
    [
        ("none", {401}),
        ("garbage", {401}),
        ("tampered", {401}),
        ("expired", {401}),
        ("of another pool", {401}),
        ("an ID token", {401, 403}),
        ("without the scope", {403}),
        ("of another client", {401}),
    ],
)
@pytest.mark.parametrize("method_and_path", ["GET /me", "GET /customers", "POST /customers", "PUT /storage-locations"])
def test_a_token_that_is_not_good_is_refused(
    stack: RunningStack, kind: str, statuses: set[int], method_and_path: str
) -> None:
    head, claims, signature = stack.token.split(".")
    now = int(time.time())
    token = {
        "none": lambda: "",
        "garbage": lambda: "garbage",
        "tampered": lambda: f"{head}.{claims[:-4]}AAAA.{signature}",
        "expired": lambda: signed(stack, iat=now - 1000, exp=now - 1),
        "of another pool": lambda: other_pools_token(stack),
        "an ID token": lambda: id_token(stack),
        "without the scope": lambda: signed(stack, scope="openid"),
        "of another client": lambda: signed(stack, client_id="another"),
    }[kind]()
    method, path = method_and_path.split()
    assert stack.call(method, path, token=token).status_code in statuses


def test_an_account_that_is_not_in_the_table_may_nothing(stack: RunningStack) -> None:
    answer = stack.call("GET", "/me", token=signed(stack, username="acc_nobody"))
    assert (answer.status_code, answer.json()["code"]) == (403, "no_active_account")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/customers/cus_absent", 404, "not_found"),
        ("DELETE", "/customers", 405, "method_not_allowed"),
        ("POST", "/me", 405, "method_not_allowed"),
        ("PATCH", "/storage-locations", 405, "method_not_allowed"),
    ],
)
def test_what_is_not_there_is_a_problem(stack: RunningStack, method: str, path: str, status: int, code: str) -> None:
    answer = stack.call(method, path, json={} if method in ("POST", "PATCH") else None)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("content", "media", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b" " * 70_000, "application/json", 413),
        (b"{}", "application/json", 422),
    ],
)
def test_a_body_that_is_not_good_is_a_problem(stack: RunningStack, content: bytes, media: str, status: int) -> None:
    answer = stack.call("POST", "/customers", content=content, headers={"Content-Type": media})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_catalogue_is_replaced_by_support_and_by_its_version(stack: RunningStack) -> None:
    before = stack.call("GET", "/storage-locations")
    assert len(before.json()["locations"]) == 17
    locations = [{"country": location["code"]} for location in before.json()["locations"]]
    locations[0]["routed_to"] = "DE"
    change: dict[str, Any] = {"json": {"locations": locations}, "headers": {"If-Match": before.headers["etag"]}}
    after = stack.call("PUT", "/storage-locations", **change)
    assert (after.status_code, after.json()["version"]) == (200, 2)
    again = stack.call("PUT", "/storage-locations", **change)  # its answer might have been lost
    assert (again.status_code, again.json()) == (200, after.json())
    other: dict[str, Any] = {**change, "json": {"locations": locations[1:]}}
    assert stack.call("PUT", "/storage-locations", **other).status_code == 412
    assert stack.call("GET", "/storage-locations").json() == after.json()
    assert stack.call("GET", "/storage-locations", params={"version": 1}).json() == before.json()


def eventually(check: Any, *, seconds: float = 20) -> Any:
    """What `check` gives once it gives something true: messages of the stream take a moment."""
    until = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.2)
    return found


def sign_in(stack: RunningStack, username: str, password: str) -> dict[str, Any]:
    answer: dict[str, Any] = client("cognito-idp", stack.ministack.endpoint).initiate_auth(
        ClientId=stack.stack["client_id"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": username, "PASSWORD": password},
    )
    return answer


def invited(stack: RunningStack, email: str, role: str) -> dict[str, Any]:
    """An account at the root whose sign-in the stream has made."""
    root = stack.call("GET", "/me").json()["customer"]["id"]
    body = {"email": email, "display_name": "Ada", "role": role}
    added = stack.call("POST", f"/customers/{root}/accounts", json=body)
    assert added.status_code == 201, added.text
    path = added.headers["location"]
    return dict(eventually(lambda: (found := stack.call("GET", path).json())["identity"] == "ready" and found))


def first_sign_in(stack: RunningStack, email: str) -> str:
    """As an invited person: with the temporary password of the e-mail, choosing an own one."""
    cognito = client("cognito-idp", stack.ministack.endpoint)
    account_id = cognito.list_users(UserPoolId=stack.stack["user_pool_id"], Filter=f'email = "{email}"')["Users"][0]
    cognito.admin_set_user_password(  # what the e-mail says cannot be read here
        UserPoolId=stack.stack["user_pool_id"],
        Username=account_id["Username"],
        Password="Temporary-1234567",
        Permanent=False,
    )
    challenge = sign_in(stack, email, "Temporary-1234567")
    assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    answer = cognito.respond_to_auth_challenge(
        ClientId=stack.stack["client_id"],
        ChallengeName="NEW_PASSWORD_REQUIRED",
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": account_id["Username"], "NEW_PASSWORD": "My-Own-Password-1"},
    )
    token: str = answer["AuthenticationResult"]["AccessToken"]
    return token


def test_an_invited_person_signs_in_with_a_password_of_their_own_and_is_active(stack: RunningStack) -> None:
    account = invited(stack, "ada@example.com", "administrator")
    assert account["status"] == "invited"
    token = first_sign_in(stack, "ada@example.com")
    me = stack.call("GET", "/me", token=token).json()
    assert (me["account"]["id"], me["may"]) == (
        account["id"],
        ["change_accounts", "change_customers", "read", "read_invoicing"],
    )
    active = eventually(
        lambda: (found := stack.call("GET", f"/accounts/{account['id']}").json())["status"] == "active" and found
    )
    assert active["signed_in_at"]
    assert sign_in(stack, "ada@example.com", "My-Own-Password-1")["AuthenticationResult"]["AccessToken"]


def test_a_disabled_account_is_refused_with_a_token_that_is_still_valid_and_signs_in_no_more(
    stack: RunningStack,
) -> None:
    account = invited(stack, "bob@example.com", "supporter")
    token = first_sign_in(stack, "bob@example.com")
    assert stack.call("GET", "/me", token=token).status_code == 200
    path = f"/accounts/{account['id']}"
    etag = stack.call("GET", path).headers["etag"]
    disabled = stack.call("PATCH", path, json={"disabled": True}, headers={"If-Match": etag})
    assert (disabled.status_code, disabled.json()["status"]) == (200, "disabled")
    assert stack.call("GET", "/me", token=token).json()["code"] == "no_active_account"
    eventually(lambda: stack.call("GET", path).json()["identity"] == "ready")
    with pytest.raises(ClientError, match="disabled"):
        sign_in(stack, "bob@example.com", "My-Own-Password-1")
    enabled = stack.call("PATCH", path, json={"disabled": False}, headers={"If-Match": disabled.headers["etag"]})
    assert stack.call("GET", "/me", token=token).status_code == 200
    assert stack.call("DELETE", path, headers={"If-Match": enabled.headers["etag"]}).status_code == 204
    assert stack.call("GET", "/me", token=token).status_code == 403
    cognito = client("cognito-idp", stack.ministack.endpoint)
    eventually(
        lambda: (
            account["id"]
            not in {user["Username"] for user in cognito.list_users(UserPoolId=stack.stack["user_pool_id"])["Users"]}
        )
    )


def test_a_machine_signs_in_with_its_credentials(stack: RunningStack) -> None:
    root = stack.call("GET", "/me").json()["customer"]["id"]
    body = {"kind": "api", "display_name": "Billing", "role": "supporter"}
    request: dict[str, Any] = {"json": body, "headers": {"Idempotency-Key": "billing"}}
    first = stack.call("POST", f"/customers/{root}/accounts", **request)
    assert stack.call("POST", f"/customers/{root}/accounts", **request).content == first.content
    credentials = first.json()["credentials"]
    signed_in = sign_in(stack, credentials["client_id"], credentials["client_secret"])
    token = signed_in["AuthenticationResult"]["AccessToken"]
    assert stack.call("GET", "/me", token=token).json()["account"]["kind"] == "api"
    body = {"name": "x", "parent_id": root}
    assert stack.call("POST", "/customers", token=token, json=body).status_code == 403


def test_the_last_advice_of_the_source_document(stack: RunningStack) -> None:
    """Add a test device and check the country in the Storage location column, which must be added to the view."""
    root = stack.call("GET", "/me").json()["customer"]["id"]
    customer = add(
        stack,
        name="In a country without storage",
        parent_id=root,
        service_type="all_inclusive",
        services_to_provide=BOTH,
        device_country="Finland",
        storage_location="Sweden",
    )
    path = f"/customers/{customer['id']}"
    first = stack.call("POST", f"{path}/test-devices", json={"name": "First"})
    assert (first.status_code, first.json()["matches"]) == (201, True)
    assert stack.call("GET", first.headers["location"]).status_code == 200

    (row,) = stack.call("GET", f"{path}/devices").json()["rows"]
    assert "storage_location" not in row
    columns = [*row, "storage_location"]
    assert stack.call("PUT", "/views/storage", json={"columns": columns}).status_code == 200
    (row,) = stack.call("GET", f"{path}/devices", params={"view": "storage"}).json()["rows"]
    assert row["storage_location"] == "Sweden"

    catalogue = stack.call("GET", "/storage-locations")
    locations = [
        {"country": location["code"], "routed_to": "DK" if location["code"] == "SE" else location["routed_to"]["code"]}
        for location in catalogue.json()["locations"]
    ]
    closed = stack.call(
        "PUT", "/storage-locations", json={"locations": locations}, headers={"If-Match": catalogue.headers["etag"]}
    )
    assert closed.status_code == 200, closed.text
    second = stack.call("POST", f"{path}/test-devices", json={"name": "Second"}).json()
    assert (second["expected"]["code"], second["actual"]["code"], second["matches"]) == ("SE", "DK", False)
    drift = stack.call("GET", f"{path}/storage-check").json()["drift"]
    assert [(d["customer_id"], d["expected"]["code"], d["actual"]["code"]) for d in drift] == [
        (customer["id"], "SE", "DK")
    ]
    assert stack.call("GET", path).json() == customer

    table = stack.call(
        "GET", f"{path}/devices", params={"columns": "name,storage_location"}, headers={"Accept": "text/csv"}
    )
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert sorted(table.text.splitlines()[1:]) == ['"First","Sweden"', '"Second","Denmark"']
    assert stack.call("DELETE", first.headers["location"]).status_code == 204
    assert stack.call("DELETE", first.headers["location"]).status_code == 404
    assert stack.call("DELETE", "/views/storage").status_code == 204


def subscribed(stack: RunningStack, *kinds: str) -> Callable[[], list[dict[str, Any]]]:
    """A subscriber to these events on the stack's bus; what it gets, all that has come so far."""
    sqs, events = stack.ministack.client("sqs"), stack.ministack.client("events")
    name = f"to-{kinds[0]}"
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = json.dumps({"detail-type": kinds})
    events.put_rule(Name=name, EventBusName="backup-customers", EventPattern=pattern)
    events.put_targets(Rule=name, EventBusName="backup-customers", Targets=[{"Id": "queue", "Arn": arn}])
    seen: list[dict[str, Any]] = []

    def told() -> list[dict[str, Any]]:
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        seen.extend(json.loads(message["Body"]) for message in messages)
        return seen

    return told


def test_a_trial_ends_by_itself_when_its_time_has_come(stack: RunningStack) -> None:
    """The schedule fires really; only the clock is put forward."""
    root = stack.call("GET", "/me").json()["customer"]["id"]
    company = {"service_type": "all_inclusive", "services_to_provide": BOTH, "device_country": "DE"}
    distributor = add(stack, name="For a trial", parent_id=root, **company)
    reseller = add(stack, name="For a trial", parent_id=distributor["id"], level="reseller", **company)
    trial = add(
        stack,
        name="On trial",
        parent_id=reseller["id"],
        service_type="all_inclusive",
        device_country="DE",
        in_trial=True,
    )
    other = add(
        stack, name="Early", parent_id=reseller["id"], service_type="all_inclusive", device_country="DE", in_trial=True
    )
    early = stack.call("POST", f"/customers/{other['id']}/production", headers={"If-Match": '"1"'})
    assert (early.status_code, early.json()["ended_now"]) == (200, True)
    again = stack.call("POST", f"/customers/{other['id']}/production", headers={"If-Match": '"1"'})
    assert (again.json()["ended_now"], again.json()["production_since"]) == (False, early.json()["production_since"])

    told = subscribed(stack, "customer_entered_production")
    (stack.directory / "clock").write_text(str(31 * 24 * 3600))
    path = f"/customers/{trial['id']}"
    shown = stack.call("GET", path).json()  # true before the schedule has run
    assert (shown["state"], shown["production_since"]) == ("in_production", trial["trial"]["ends_at"])
    recorded = eventually(lambda: (found := stack.call("GET", path).json())["version"] == 2 and found, seconds=150)
    assert recorded == shown | {"version": 2}
    status = stack.call("GET", f"{path}/trial").json()
    assert (status["ended_by"], status["ended_at"], status["days_left"]) == ("schedule", trial["trial"]["ends_at"], 0)
    event = eventually(lambda: next((e for e in told() if e["detail"]["customer_id"] == trial["id"]), None))
    assert event["detail-type"] == "customer_entered_production"
    assert (event["detail"]["invoice_from"], event["detail"]["ended_by"]) == (trial["trial"]["ends_at"], "schedule")


def test_a_customer_is_changed_archived_and_restored(stack: RunningStack) -> None:
    root = stack.call("GET", "/me").json()["customer"]["id"]
    company = {"service_type": "all_inclusive", "services_to_provide": BOTH, "device_country": "DE"}
    distributor = add(stack, name="To change", parent_id=root, **company)
    reseller = add(stack, name="Below", parent_id=distributor["id"], level="reseller", **company)
    kinds = ["customer_changed", "storage_location_changed", "customer_archived", "customer_restored"]
    told = subscribed(stack, *kinds)
    path = f"/customers/{reseller['id']}"
    changed = stack.call("PATCH", path, json={"name": "Changed", "device_country": "FR"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert changed.json()["notices"][0]["code"] == "storage_location_unchanged"
    body = {"country": "NL", "reason": "By its contract."}
    moved = stack.call("PUT", f"{path}/storage-location", json=body, headers={"If-Match": '"2"'})
    assert moved.json()["storage_location"]["decided"] == "support"
    blocked = stack.call("DELETE", f"/customers/{distributor['id']}", headers={"If-Match": '"1"'})
    assert (blocked.status_code, blocked.json()["errors"][0]["customer_id"]) == (409, reseller["id"])
    archived = stack.call("DELETE", path, headers={"If-Match": '"3"'})
    assert archived.json()["archive"]["removed_at"]
    page = stack.call("GET", "/customers", params={"within": root, "archived": "true"}).json()
    assert [customer["id"] for customer in page["customers"]] == [reseller["id"]]
    assert stack.call("POST", f"{path}/restore", headers={"If-Match": '"4"'}).json()["archive"] is None
    history = stack.call("GET", f"{path}/history").json()["entries"]
    assert [entry["event"] for entry in history] == ["customer_added", *kinds]
    events = eventually(
        lambda: (found := [e for e in told() if e["detail"]["customer_id"] == reseller["id"]])[3:] and found
    )
    assert [event["detail-type"] for event in events] == kinds
    assert [event["detail"]["request_id"] for event in events] == [entry["request_id"] for entry in history[1:]]


def test_a_customer_is_saved_and_found_by_its_reference(stack: RunningStack) -> None:
    root = stack.call("GET", "/me").json()["customer"]["id"]
    body = {"name": "By reference", "parent_id": root, "service_type": "all_inclusive", "services_to_provide": BOTH}
    path = "/customers/by-reference/psa/A%20 7~ü"
    saved = [stack.call("PUT", path, json={**body, "device_country": "DE"}) for _ in range(2)]
    assert [answer.status_code for answer in saved] == [201, 200]
    assert saved[0].json() == saved[1].json()
    found = stack.call("GET", path)
    assert (found.status_code, found.json()["references"]) == (200, {"psa": "A  7~ü"})
    assert stack.call("GET", "/customers/by-reference/psa/nobody").status_code == 404


def test_a_file_is_imported_although_its_worker_is_killed(stack: RunningStack) -> None:
    root = stack.call("GET", "/me").json()["customer"]["id"]
    lines = [f"End {n},Reseller {n % 9},EndCustomer,InTrial,,GB" for n in range(700)]
    lines += [f"Reseller {n},Imported,Reseller,InProduction,,GB" for n in range(9)]
    lines += [f"Imported,{root},Distributor,InProduction,,DE", "Bad,nowhere,Site,,,GB"]
    file = "\n".join(["companyname,ParentId,Level,State,LocationId,DeviceCountry", *lines])
    headers = {"Content-Type": "text/csv", "Idempotency-Key": "file-1"}
    accepted = stack.call("POST", "/imports", content=file, headers=headers)
    assert (accepted.status_code, accepted.json()["state"]) == (202, "waiting")
    path = accepted.headers["location"]
    eventually(lambda: stack.call("GET", path).json()["rows_done"], seconds=60)
    assert kill_workers(stack.ministack) > 0
    done = eventually(lambda: (f := stack.call("GET", path).json()).get("state") == "done" and f, seconds=200)
    assert (done["created"], done["existed"], done["refused"]) == (710, 0, 1)
    again = stack.call("POST", "/imports", content=file, headers=headers)
    assert again.headers["idempotent-replayed"] == "true"
    distributor = stack.call("GET", "/customers", params={"parent_id": root, "name_prefix": "Imported"}).json()
    found, query = 0, {"within": distributor["customers"][0]["id"], "limit": "100"}
    while True:
        page = stack.call("GET", "/customers", params=query).json()
        found += len(page["customers"])
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert found == 710


def test_an_onboarding_in_one_call(stack: RunningStack) -> None:
    root = stack.call("GET", "/me").json()["customer"]["id"]
    company = {"service_type": "all_inclusive", "services_to_provide": BOTH, "device_country": "DE"}
    body = {
        "customer": {"name": "Onboarded", "parent_id": root, **company},
        "accounts": [
            {"kind": "api", "display_name": "Billing", "role": "supporter"},
            {"email": "no address", "display_name": "Nobody", "role": "manager"},
        ],
        "test_device": {"name": "Laptop"},
    }
    first, second = (
        stack.call("POST", "/onboardings", json=body, headers={"Idempotency-Key": "onboard"}) for _ in range(2)
    )
    assert (first.status_code, first.json()["complete"]) == (200, False)
    assert [step["outcome"] for step in first.json()["steps"]] == ["added", "added", "refused", "added"]
    assert [step["outcome"] for step in second.json()["steps"]] == ["replayed", "replayed", "refused", "replayed"]
    secrets = [answer.json()["steps"][1]["account"]["credentials"] for answer in (first, second)]
    assert secrets[0] == secrets[1]
    assert access_token(
        client("cognito-idp", stack.ministack.endpoint), stack.stack["client_id"], secrets[0]["client_id"],
        secrets[0]["client_secret"],
    )  # fmt: skip


def test_nothing_personal_stands_in_the_logs_of_the_functions(stack: RunningStack) -> None:
    """The last of this file: all that the functions have logged in the tests before."""
    logs = client("logs", stack.ministack.endpoint)
    lines = [
        event["message"]
        for group in logs.describe_log_groups()["logGroups"]
        for event in logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
    ]
    assert sum("customer_added" in line for line in lines) >= 5
    assert [line for line in lines if PERSONAL.search(line)] == []
