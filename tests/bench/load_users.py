"""The simulated users. This runs in locust's environment. `load.py` sets URL, TOKEN, EMPTY and PARENT."""

import os
from uuid import uuid4

from locust import FastHttpUser, constant, tag, task

HEADERS = {"Authorization": f"Bearer {os.environ['TOKEN']}"}
PARENT = os.environ["PARENT"]


class Provider(FastHttpUser):
    """A user that sends nine reads for each customer that it adds."""

    host = os.environ["URL"]
    wait_time = constant(0)

    @tag("ours")
    @task(3)
    def get(self):
        self.client.get(f"/customers/{PARENT}", headers=HEADERS, name="GET /customers/{id}")

    @tag("ours")
    @task(3)
    def page(self):
        self.client.get(f"/customers?parent_id={PARENT}", headers=HEADERS, name="GET /customers?parent_id")

    @tag("ours")
    @task(3)
    def options(self):
        self.client.get(f"/customers/{PARENT}/options", headers=HEADERS, name="GET /customers/{id}/options")

    @tag("ours")
    @task(1)
    def add(self):
        body = {
            "name": uuid4().hex,
            "parent_id": PARENT,
            "service_type": "all_inclusive",
            "device_country": "DE",
        }
        self.client.post("/customers", json=body, headers=HEADERS, name="POST /customers")

    @tag("empty")
    @task(1)
    def empty(self):
        self.client.get(os.environ["EMPTY"], headers=HEADERS, name="an empty function")
