"""The console at `/`, and every path that no other function serves: 404, or 405 with Allow. Needs no permission."""

from shared.api.app import Api
from shared.api.console import console_page
from shared.api.problems import HttpResponse

app = Api("console")


@app.serves(None)
def get_console() -> HttpResponse:
    """Get the page. It contains no data, so it needs no access token."""
    return console_page()


lambda_handler = app.handler()
