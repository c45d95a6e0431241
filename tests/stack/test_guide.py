"""Tests: the guide, "Add Customers", from its first sentence to its last, over HTTP on the running stack.

Each sentence of the guide is quoted where it is kept. `tests/console/test_guide.py` does the same in the browser. These
sentences need no code here:

- "Login to the Management Console", "Navigate to the Management section of the vertical menu and click Customers",
  "From Backup > Dashboard, select the customer dropdown at the top of the page", "Click Add customer": about the
  console.
- "In the Management section of Management Console's vertical menu, click Customers to open the customer Management
  window or from Backup > Dashboard, select the customer dropdown at the top of the page": the same.
- "See our Storage management guide for more information on the service types", "See the full documentation on Storage
  management": that page is not part of this service. The options explain the service types instead.
"""

from typing import Any, Final

import pytest

from local.seed import access_token, set_password
from tests.conftest import RunningStack
from tests.stack.helpers import BOTH, add, await_invitation

pytestmark = [pytest.mark.ministack, pytest.mark.enable_socket]

HOSTED: Final = {
    "Australia", "Belgium", "Brazil", "Canada", "Denmark", "France", "Germany", "Italy", "Netherlands", "Norway",
    "Portugal", "South Africa", "Spain", "Sweden", "Switzerland", "United Kingdom", "United States",
}  # fmt: skip


class Form:
    """The form "Add customer" below a parent, as the options describe it."""

    def __init__(self, stack: RunningStack, parent: dict[str, Any], level: str) -> None:
        self.options = stack.call("GET", f"/customers/{parent['id']}/options").json()
        self.levels = [each["level"] for each in self.options["levels"]]
        self.fields = next(each["fields"] for each in self.options["levels"] if each["level"] == level)

    def location_for(self, country: str) -> str | None:
        """Return the storage location that is selected automatically for a device country."""
        found = next(each for each in self.options["device_countries"] if each["name"] == country)
        return found["storage_location"]  # type: ignore[no-any-return]


def refused(stack: RunningStack, code: str, **body: Any) -> Any:
    """Send an addition that must be refused for one reason. Return the entry of the error."""
    response = stack.call("POST", "/customers", json=body)
    assert response.status_code == 422, response.text
    (error,) = response.json()["errors"]
    assert error["code"] == code
    return error


def test_guide_is_kept_sentence_by_sentence(stack: RunningStack) -> None:  # noqa: PLR0915 - one guide in one test
    root = stack.call("GET", "/me").json()["customer"]

    # "Add a Distributor, Sub-Distributor or Reseller. To add a new Distributor, Sub-Distributor or Reseller to the
    # system, do the following": "Fill out the details for the customer"
    form = Form(stack, root, "distributor")
    # "Name - The name of the customer as you want it to show on the dashboard"
    assert (form.fields["name"]["rule"], form.fields["name"]["max_length"]) == ("required", 128)
    # "Parent customer - Using the dropdown, select the customer this new one should belong to"
    assert form.fields["parent_id"] == {**form.fields["parent_id"], "rule": "required", "value": root["id"]}
    # "Customer Level - Using the dropdown, select the level of customer"
    distributor = add(
        stack, name="Guide Distributor", parent_id=root["id"], service_type="all_inclusive", services_to_provide=BOTH,
        device_country="Denmark",
    )  # fmt: skip
    form = Form(stack, distributor, "reseller")
    assert (form.levels, form.fields["level"]["rule"]) == (["sub_distributor", "reseller"], "required")
    # "Service type for customer - Use the dropdown to select either All-Inclusive or Software-Only."
    assert form.fields["service_type"]["values"] == BOTH
    assert set(form.fields["service_type"]["meanings"]) == set(BOTH)
    # "Service type to provide - Use the checkboxes to select which services the new customer will be able to provide to
    # their customers, with a choice of All-Inclusive and Software-Only."
    assert form.fields["services_to_provide"] == {
        **form.fields["services_to_provide"], "rule": "required", "values": BOTH,
    }  # fmt: skip
    # "Device country - Use the dropdown to select the country the devices will be located"
    assert (form.fields["device_country"]["rule"], len(form.options["device_countries"])) == ("required", 250)
    # "Data storage location - If you have selected a country where we host storage, this will be automatically selected
    # in the Data Storage Location dropdown and you will be unable to change it."
    assert form.location_for("Denmark") == "DK"
    assert (distributor["storage_location"]["code"], distributor["storage_location"]["decided"]) == ("DK", "hosted")
    company = {
        "name": "Guide Reseller", "parent_id": distributor["id"], "level": "reseller", "services_to_provide": BOTH,
        "service_type": "all_inclusive",
    }  # fmt: skip
    refused(stack, "storage_location_set", **company, device_country="Denmark", storage_location="Sweden")
    # "However, if you have selected a country where we do not have storage, use the dropdown to select your preferred
    # storage location"
    assert form.location_for("Finland") is None
    choices = refused(stack, "storage_location_required", **company, device_country="Finland")["choices"]
    # "The following data center locations are available, and are subject to change without notice" (17 countries)
    catalogue = stack.call("GET", "/storage-locations")
    assert {each["name"] for each in choices} == {each["name"] for each in catalogue.json()["locations"]} == HOSTED
    # "Click Save"
    sub_distributor = add(stack, **{**company, "name": "Guide Sub-Distributor", "level": "sub_distributor"},
                          device_country="Finland", storage_location="Sweden")  # fmt: skip
    reseller = add(stack, **{**company, "parent_id": sub_distributor["id"]}, device_country="Finland",
                   storage_location="Norway")  # fmt: skip
    assert [each["storage_location"]["code"] for each in (sub_distributor, reseller)] == ["SE", "NO"]

    # "You must assign the country at the time of customer creation."
    refused(stack, "required", **company)
    # "Changing the country for existing customers has no influence on the storage location."
    changed = stack.call("PATCH", f"/customers/{reseller['id']}", json={"device_country": "Germany"},
                         headers={"If-Match": '"1"'}).json()  # fmt: skip
    assert (changed["device_country"]["code"], changed["storage_location"]["code"]) == ("DE", "NO")
    assert "storage_location_unchanged" in {notice["code"] for notice in changed["notices"]}
    assert changed["storage_location"]["explanation"] == (
        "Chosen at creation: the device country then, Finland, hosted no storage."
    )
    # "Once the storage location has been selected, you will not be able to change this yourself and must contact
    # support if you wish to change this."
    own = stack.call("PATCH", f"/customers/{reseller['id']}", json={"storage_location": "DE"},
                     headers={"If-Match": '"2"'})  # fmt: skip
    assert own.status_code == 400
    assert "storage-location-requests" in own.json()["errors"][0]["detail"]
    requests = f"/customers/{reseller['id']}/storage-location-requests"
    asked = stack.call("POST", requests, json={"location": "Germany", "reason": "Our contract says so."})
    assert (asked.status_code, asked.json()["state"]) == (201, "open")
    waiting = stack.call("GET", "/storage-location-requests", params={"state": "open", "limit": 100}).json()["requests"]
    assert asked.json()["id"] in {each["id"] for each in waiting}
    decision = {"decision": "accepted", "reason": "Agreed with the company."}
    decided = stack.call("POST", f"{requests}/{asked.json()['id']}/decision", json=decision,
                         headers={"If-Match": '"2"'})  # fmt: skip
    assert (decided.status_code, decided.json()["state"]) == (200, "accepted"), decided.text
    moved = stack.call("GET", f"/customers/{reseller['id']}").json()
    assert (moved["storage_location"]["code"], moved["storage_location"]["decided"]) == ("DE", "support")

    # "Adding End-Customer or Site. To add a new End-Customer to the system, they must be added as a child to a Reseller
    # or to add Site to the system, they must be added as a child to an End-Customer."
    for parent in (root, distributor, sub_distributor):
        body = {"name": "x", "parent_id": parent["id"], "level": "end_customer", "device_country": "DE"}
        response = stack.call("POST", "/customers", json=body)
        assert "level_not_allowed" in {each["code"] for each in response.json()["errors"]}
    # "Ensure you are in the Reseller or End-Customer you wish the End-Customer or Site should be in"
    form = Form(stack, reseller, "end_customer")
    assert form.options["parent_id"] == reseller["id"]
    # "End-Customer": "Name - Provide an easily identifiable name for the End-Customer", "Parent customer - Using the
    # dropdown, select the Reseller the End-Customer should belong to"
    end_customer = {"name": "Aurora Dental", "parent_id": reseller["id"], "service_type": "all_inclusive"}
    # "Customer Level - This will automatically be set to End customer and cannot be changed"
    assert (form.levels, form.fields["level"]) == (["end_customer"], {**form.fields["level"], "rule": "set",
                                                                       "value": "end_customer"})  # fmt: skip
    refused(stack, "level_not_allowed", **end_customer, level="site", device_country="GB")
    # "Device Country - Using the dropdown, select the country the Site is based in", "Data storage location" (as above)
    # "In trial - If selected, the customer will be added as a trial for 30 days and will not be invoiced during this
    # period."
    assert form.fields["in_trial"] == {**form.fields["in_trial"], "rule": "optional", "value": False}
    aurora = add(stack, **end_customer, device_country="United Kingdom", in_trial=True)
    assert (aurora["level"], aurora["state"], aurora["trial"]["days_left"]) == ("end_customer", "in_trial", 30)
    month = aurora["created_at"][:7]
    report = stack.call("GET", f"/customers/{reseller['id']}/invoicing", params={"month": month}).json()
    assert report["rows"] == []
    # "The customer will automatically go into Production when the trial is over." (tests/stack/test_background.py lets
    # the schedule do it; here is its time)
    assert stack.call("GET", f"/customers/{aurora['id']}/trial").json()["ends_at"] == aurora["trial"]["ends_at"]
    # "Site": "Name", "Parent customer - ... select the End-Customer the Site should belong to", "Customer Level - This
    # will automatically be set to Site and cannot be changed"
    form = Form(stack, aurora, "site")
    assert (form.levels, form.fields["level"]["rule"], form.fields["level"]["value"]) == (["site"], "set", "site")
    assert {name for name in ("service_type", "services_to_provide", "in_trial") if form.fields[name]["rule"] !=
            "refused"} == set()  # fmt: skip
    site = add(stack, name="Leeds", parent_id=aurora["id"], device_country="United States")
    assert (site["level"], site["storage_location"]["code"], site["inherited_from"]) == ("site", "US", aurora["id"])

    # "After customer is Added. Further steps you can take: Give the customer access to the Console. For this purpose
    # you need to create user accounts for people (or teams) from the customer company."
    # "You can create all necessary accounts yourself or create one administrator account and let in-house
    # administrators create the rest"
    person = {"email": "in-house@guide.example", "display_name": "In-house", "role": "administrator"}
    administrator = stack.call("POST", f"/customers/{aurora['id']}/accounts", json=person).json()
    await_invitation(stack, administrator["id"])
    cognito = stack.ministack.client("cognito-idp")
    password = set_password(cognito, stack.stack["user_pool_id"], administrator["id"])
    token = access_token(cognito, stack.stack["client_id"], administrator["id"], password)
    team = {"email": "team@guide.example", "display_name": "The team", "role": "operator"}
    rest = stack.call("POST", f"/customers/{aurora['id']}/accounts", json=team, token=token)
    assert rest.status_code == 201, rest.text

    # "Give the customer access to the backup and recovery service. You need devices for this purpose."
    # "You may add these yourself or an administrator from the customer company can do this through Backup > Dashboard"
    for by, place in ((None, aurora), (token, site)):
        body = {"name": "Reception", "kind": "workstation"}
        device = stack.call("POST", f"/customers/{place['id']}/devices", json=body, token=by)
        assert device.status_code == 201, device.text
        assert device.json()["installation_token"].startswith("bci_")
        assert device.json()["invoiced"] is False  # in trial
    rows = stack.call("GET", f"/customers/{aurora['id']}/devices", token=token).json()["rows"]
    assert [(row["customer"], row["device_kind"]) for row in rows] == [("Aurora Dental", "workstation"),
                                                                       ("Leeds", "workstation")]  # fmt: skip
    # "To make sure the customer has the desired storage location assigned, add a test device for this customer and
    # check the country in the Storage location column."
    test_device = stack.call("POST", f"/customers/{site['id']}/test-devices", json={"name": "Test"}, token=token)
    assert (test_device.json()["actual"]["code"], test_device.json()["matches"]) == ("US", True)
    # "If you do not see the column, you will need to add it to the view (more on view management)." The API has views.
    default = stack.call("GET", "/views/default", token=token).json()["columns"]
    assert "storage_location" not in default
    view = {"columns": [*default, "storage_location"]}
    assert stack.call("PUT", "/views/storage", json=view, token=token).status_code == 200
    rows = stack.call("GET", f"/customers/{site['id']}/devices", params={"view": "storage"}, token=token).json()["rows"]
    assert [row["storage_location"] for row in rows if row["is_test"]] == ["United States"]

    # "Local data centers are not available for every country, so your selection could route your data to a different
    # region."
    routes = [{"country": each["code"], "routed_to": each["routed_to"]["code"]}
              for each in catalogue.json()["locations"]]  # fmt: skip
    elsewhere = [{**each, "routed_to": "FR" if each["country"] == "ES" else each["routed_to"]} for each in routes]
    replaced = stack.call("PUT", "/storage-locations", json={"locations": elsewhere},
                          headers={"If-Match": catalogue.headers["etag"]})  # fmt: skip
    assert replaced.status_code == 200, replaced.text
    preview = stack.call("POST", "/customers", params={"validate_only": "true"},
                         json={**end_customer, "name": "Iberia", "device_country": "Spain"}).json()  # fmt: skip
    assert (preview["storage_location"]["code"], preview["lands_in"]["code"]) == ("ES", "FR")
    assert [notice["code"] for notice in preview["notices"]] == ["lands_elsewhere"]
    # "Consult your dedicated account manager for the current listing of regional data centers."
    named = {"account_manager": "Ann Lee, ann@service.example"}
    changed = stack.call("PATCH", f"/customers/{distributor['id']}", json=named, headers={"If-Match": '"1"'})
    assert changed.status_code == 200, changed.text
    assert stack.call("GET", "/me", token=token).json()["account_manager"] == "Ann Lee, ann@service.example"
    assert stack.call("GET", "/storage-locations", token=token).json() == replaced.json()
    # "New data center availability and the associated routing are subject to change without notice."
    back = stack.call("PUT", "/storage-locations", json={"locations": routes},
                      headers={"If-Match": replaced.headers["etag"]})  # fmt: skip
    assert back.json()["version"] == catalogue.json()["version"] + 2
    assert stack.call("GET", f"/customers/{site['id']}").json()["storage_location"] == site["storage_location"]
