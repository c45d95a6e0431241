"""PUT /storage-locations: put the next version of the catalogue in force. For support."""

from shared.errors import (
    BodyTooLargeError,
    BrokenRulesError,
    StaleVersionError,
    UnsupportedMediaError,
    VersionRequiredError,
)
from shared.facts import tell
from shared.http import Api, IfMatch, Response, version_required
from shared.storage_location_use_cases import CatalogueAnswer, replace_storage_locations
from shared.storage_locations import NewCatalogue

app = Api("replace_storage_locations")


@app.serves(
    CatalogueAnswer,
    refuses=[
        StaleVersionError,
        BodyTooLargeError,
        UnsupportedMediaError,
        BrokenRulesError,
        VersionRequiredError,
    ],
)
def route(new: NewCatalogue, if_match: IfMatch = None) -> Response:
    """Put the next version of the catalogue in force. For support."""
    catalogue = replace_storage_locations(app.store, app.caller, new, version=version_required(if_match))
    tell("storage_locations_replaced", version=catalogue.version)
    return app.answer(catalogue)


lambda_handler = app.started()
