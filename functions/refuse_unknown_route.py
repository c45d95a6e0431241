"""Every other route: 404, or 405 with Allow where the path is known and the method is not."""

from shared.http import refuse_unknown_route
from shared.starts import started

lambda_handler = started(refuse_unknown_route)
