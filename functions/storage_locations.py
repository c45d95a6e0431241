"""The catalogue of storage locations and its routing. The only function of the API that may write it."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from shared.api.app import Api
from shared.api.parameters import IfMatch, required_version
from shared.api.problems import HttpResponse
from shared.aws.observability import log_event
from shared.errors import NotFoundError, RulesViolatedError
from shared.storage_locations import use_cases
from shared.storage_locations.catalogue import NewCatalogue
from shared.storage_locations.use_cases import CatalogueResponse

app = Api("storage_locations")


@app.serves(CatalogueResponse, raises=[NotFoundError])
def get_storage_locations(
    version: Annotated[int | None, Query(ge=1, le=999_999, description="The default is the current version.")] = None,
) -> HttpResponse:
    """Get the catalogue of storage locations and its routing."""
    return app.ok(use_cases.get_storage_locations(app.store, app.caller, version))


@app.serves(CatalogueResponse, raises=[RulesViolatedError])
def replace_storage_locations(new: NewCatalogue, if_match: IfMatch = None) -> HttpResponse:
    """Replace the catalogue with its next version. For support accounts only."""
    version = required_version(if_match)
    catalogue = use_cases.replace_storage_locations(app.store, app.caller, new, version=version)
    log_event("storage_locations_replaced", version=catalogue.version)
    return app.ok(catalogue)


lambda_handler = app.handler()
