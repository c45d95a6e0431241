"""GET /storage-locations: the catalogue of storage locations and its routing."""

from typing import Annotated

from pydantic import Field

from shared.api.http import Api, HttpResponse
from shared.errors import NotFoundError
from shared.storage_locations.use_cases import CatalogueResponse, get_storage_locations

app = Api("get_storage_locations")


@app.serves(CatalogueResponse, refuses=[NotFoundError])
def route(
    version: Annotated[int | None, Field(ge=1, le=999_999, description="The one in force if left out.")] = None,
) -> HttpResponse:
    """The catalogue of storage locations and its routing."""
    return app.answer(get_storage_locations(app.store, app.caller, version))


lambda_handler = app.handler()
