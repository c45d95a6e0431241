"""Every other route: 404, or 405 with Allow where the path is known and the method is not."""

from shared.api.http import refuse_unknown_route
from shared.aws.snapstart import primed

lambda_handler = primed(refuse_unknown_route)
