"""GET /storage-locations: the catalogue of storage locations and its routing."""

from typing import Annotated

from pydantic import Field

from shared.errors import NotFoundError
from shared.http import Api, Response
from shared.storage_location_use_cases import CatalogueAnswer, get_storage_locations

app = Api("get_storage_locations")


@app.serves(CatalogueAnswer, refuses=[NotFoundError])
def route(
    version: Annotated[int | None, Field(ge=1, le=999_999, description="The one in force if left out.")] = None,
) -> Response:
    """The catalogue of storage locations and its routing."""
    return app.answer(get_storage_locations(app.store, app.caller, version))


lambda_handler = app.started()
