"""GET /: the console, a page for the browser."""

from shared.console import get_console

lambda_handler = get_console
