"""What needs no access token: the console at `/`, the reference of the API, and every path that no function serves.

An unknown path gets a 404, or a 405 with Allow. The function has no permissions.
"""

from shared.api.app import Api
from shared.api.console import console_page
from shared.api.problems import HttpResponse
from shared.api.reference import api_page, openapi_document

app = Api("console")


@app.serves(None)
def get_console() -> HttpResponse:
    """Get the page. It contains no data, so it needs no access token."""
    return app.public(console_page())


@app.serves(None)
def get_openapi() -> HttpResponse:
    """Get the OpenAPI document of the API."""
    return app.public(openapi_document())


@app.serves(None)
def get_docs() -> HttpResponse:
    """Get the page that shows the OpenAPI document."""
    return app.public(api_page())


lambda_handler = app.handler()
