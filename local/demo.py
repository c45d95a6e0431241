"""`make demo`: run the steps of the source document on the running stack, through its API. It can be repeated.

Every request has an Idempotency-Key, so a second run gets the responses of the first one.
"""

import json
import sys
import time
from typing import Any, Final

import httpx
from botocore.exceptions import BotoCoreError

from local.ministack import client
from local.paths import STACK_FILE
from local.seed import set_password, token_of

BOTH: Final = ["all_inclusive", "software_only"]
CUSTOMERS: Final[list[dict[str, Any]]] = [
    {
        "name": "Nordic Distribution",
        "service_type": "all_inclusive",
        "services_to_provide": BOTH,
        "device_country": "Denmark",
    },
    {
        "name": "Nordic Distribution Finland",
        "level": "sub_distributor",
        "service_type": "all_inclusive",
        "services_to_provide": BOTH,
        "device_country": "Finland",
        "storage_location": "Sweden",
    },
    {
        "name": "Helsinki IT Services",
        "service_type": "software_only",
        "services_to_provide": BOTH,
        "device_country": "FI",
        "storage_location": "DE",
    },
    {
        "name": "Aurora Dental",
        "service_type": "all_inclusive",
        "device_country": "United Kingdom",
        "in_trial": True,
        "references": {"psa": "AD-1001"},
    },
    {"name": "Aurora Dental, Leeds", "device_country": "GB"},
]
ROLES: Final = {
    "distributor": "super_user",
    "sub_distributor": "manager",
    "reseller": "administrator",
    "end_customer": "supporter",
}


class Demo:
    def __init__(self, stack: dict[str, Any]) -> None:
        self.stack = stack
        self.cognito = client("cognito-idp", stack["endpoint"])
        self.token = self._token("root")

    def tell(self) -> None:
        parent = self._call("GET", "/me")["customer"]
        print(f"{parent['name']} runs the service.")
        for fields in CUSTOMERS:
            parent = self._customer(parent, fields)
            if parent["level"] in ROLES:
                self._account(parent, ROLES[parent["level"]])
        self._machine(parent["path"].split("/")[-3])
        self._dashboard(parent["path"].split("/")[1:])
        STACK_FILE.write_text(json.dumps(self.stack, indent=2) + "\n", encoding="utf-8")
        print(f"Tokens for these accounts: make token ACCOUNT={' | '.join(self.stack['accounts'])}")

    def _customer(self, parent: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
        body = {"parent_id": parent["id"], **fields}
        added: dict[str, Any] = self._call("POST", "/customers", key=f"demo {fields['name']}", body=body)
        location, trial = added["storage_location"], added["trial"]
        lands_in = added["lands_in"]["name"] if added["lands_in"] else "no country"
        print(
            f"{'  ' * added['path'].count('/')}{added['name']}, {added['level'].replace('_', '-')} in "
            f"{added['device_country']['name']}: storage location {location['name']} ({location['decided']}), data "
            f"lands in {lands_in}, {'on trial until ' + trial['ends_at'][:10] if trial else 'in production'}."
        )
        return added

    def _account(self, customer: dict[str, Any], role: str) -> None:
        name = customer["level"]
        body = {"email": f"{name}@example.com", "display_name": f"The {role} of {customer['name']}", "role": role}
        path = f"/customers/{customer['id']}/accounts"
        account = self._call("POST", path, key=f"demo {name}", body=body)
        while self._call("GET", f"/accounts/{account['id']}")["identity"] == "pending":
            time.sleep(0.2)
        if name not in self.stack["accounts"]:
            password = set_password(self.cognito, self.stack["user_pool_id"], account["id"])
            self.stack["accounts"][name] = {"id": account["id"], "password": password}
        self.stack["tokens"][name] = self._token(name)
        print(f"{'  ' * customer['path'].count('/')}- {account['email']} is its {role}.")

    def _machine(self, customer_id: str) -> None:
        body = {"kind": "api", "display_name": "Billing integration", "role": "supporter"}
        account = self._call("POST", f"/customers/{customer_id}/accounts", key="demo machine", body=body)
        print(f"A machine can read the reseller's customers. It signs in as {account['credentials']['client_id']}.")

    def _dashboard(self, customer_ids: list[str]) -> None:
        """Add test devices and devices, and print where their data lands."""
        for customer_id in customer_ids[1:4]:
            body = {"name": "Test laptop"}
            self._call("POST", f"/customers/{customer_id}/test-devices", key=f"demo {customer_id}", body=body)
        for customer_id in customer_ids[-2:]:
            body = {"name": "Reception", "kind": "workstation"}
            self._call("POST", f"/customers/{customer_id}/devices", key=f"demo device {customer_id}", body=body)
        columns = "customer,country,expected_storage_location,storage_location,matches"
        shown = self._call("GET", f"/customers/{customer_ids[0]}/devices?columns={columns}")
        print("Devices show where data lands:")
        for each in shown["rows"]:
            says = "as chosen" if each["matches"] else f"not in {each['expected_storage_location']}"
            print(f"  {each['customer']}, devices in {each['country']}: {each['storage_location']}, {says}.")

    def _token(self, name: str) -> str:
        return token_of(self.stack, self.stack["accounts"][name])

    def _call(self, method: str, path: str, *, key: str | None = None, body: dict[str, Any] | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"} | (
            {"Idempotency-Key": key.replace(" ", "-")} if key else {}
        )
        answer = httpx.request(method, self.stack["url"] + path, headers=headers, json=body, timeout=30)
        if answer.is_error:
            sys.exit(f"{method} {path} answered {answer.status_code}: {answer.text}")
        return answer.json()


def main() -> None:
    try:
        stack = json.loads(STACK_FILE.read_text(encoding="utf-8"))
        Demo(stack).tell()
    except (FileNotFoundError, BotoCoreError, httpx.TransportError) as error:
        sys.exit(f"No stack is running here. Start it in another terminal: make run ({error})")


if __name__ == "__main__":
    main()
