"""GET /: the console, a page for the browser."""

from shared.console import get_console
from shared.starts import started

lambda_handler = started(get_console)
