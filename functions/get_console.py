"""GET /: the console, a page for the browser."""

from shared.api.console import get_console
from shared.aws.snapstart import primed

lambda_handler = primed(get_console)
