"""PUT /storage-locations: put the next version of the catalogue in force. For support."""

from shared.api.http import Api, HttpResponse, IfMatch, version_required
from shared.aws.observability import log_event
from shared.errors import (
    BodyTooLargeError,
    RulesViolatedError,
    StaleVersionError,
    UnsupportedMediaError,
    VersionRequiredError,
)
from shared.storage_locations.catalogue import NewCatalogue
from shared.storage_locations.use_cases import CatalogueResponse, replace_storage_locations

app = Api("replace_storage_locations")


@app.serves(
    CatalogueResponse,
    refuses=[
        StaleVersionError,
        BodyTooLargeError,
        UnsupportedMediaError,
        RulesViolatedError,
        VersionRequiredError,
    ],
)
def route(new: NewCatalogue, if_match: IfMatch = None) -> HttpResponse:
    """Put the next version of the catalogue in force. For support."""
    catalogue = replace_storage_locations(app.store, app.caller, new, version=version_required(if_match))
    log_event("storage_locations_replaced", version=catalogue.version)
    return app.answer(catalogue)


lambda_handler = app.handler()
