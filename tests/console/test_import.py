"""Tests: a file is imported, its rejected rows are corrected, and the file is imported again."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.console.helpers import BROWSER_TEST, User

pytestmark = BROWSER_TEST


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (360, "dark")])
def test_rejected_rows_are_corrected_and_imported_again(
    open_browser: Callable[..., User], lineage: dict[str, Any], width: int, scheme: str
) -> None:
    parent, unique = lineage["reseller"]["id"], uuid4().hex[:6]
    file = (
        "name,parent_id,service_type,device_country\n"
        f'"Aurora, {unique}",{parent},all_inclusive,DE\n'
        f"Borealis {unique},{parent},full service,DE\n"
        f"Corona {unique},{parent},all_inclusive,Georga\n"
    )
    user = open_browser(width=width, scheme=scheme).open().sign_in()
    page = user.page
    user.go(f"#/imports/{lineage['distributor']['id']}")
    page.get_by_label("Drop").or_(page.locator("#import-file")).first.set_input_files(
        {"name": "clinics.csv", "mimeType": "text/csv", "buffer": file.encode()}
    )
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.locator(".page-head")).to_contain_text("1 added, 0 existed, 2 rejected.")
    page.get_by_role("link", name="Correct and try again").click()
    expect(page.get_by_role("row").filter(has=page.get_by_role("textbox"))).to_have_count(2)
    expect(page.get_by_label("device_country of row 3")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("name of row 3")).to_have_attribute("aria-invalid", "false")
    user.screenshot("import-correct")
    page.get_by_label("service_type of row 2").fill("software_only")
    page.get_by_label("device_country of row 3").fill("Georgia")
    page.reload()  # what was typed is kept
    expect(page.get_by_label("service_type of row 2")).to_have_value("software_only")
    page.get_by_role("button", name="Import again").click()
    expect(page.locator(".page-head")).to_contain_text("1 added, 1 existed, 1 rejected.")
    page.get_by_role("link", name="Correct and try again").click()  # the service hosts no storage in Georgia
    expect(page.get_by_label("name of row 3")).to_have_value(f"Corona {unique}")
    page.get_by_label("device_country of row 3").fill("DE")
    page.get_by_role("button", name="Import again").click()
    expect(page.locator(".page-head")).to_contain_text("1 added, 2 existed, 0 rejected.")
    expect(page.get_by_role("link", name="Correct and try again")).to_have_count(0)
