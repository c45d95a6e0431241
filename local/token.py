"""`make token ACCOUNT=root`: print a new access token of the running stack."""

import json
import sys

from botocore.exceptions import BotoCoreError, ClientError

from local.paths import STACK_FILE
from local.seed import token_of


def main() -> None:
    try:
        stack = json.loads(STACK_FILE.read_text(encoding="utf-8"))
    except OSError:
        sys.exit("No stack was started here yet. Start it first: make run")
    name = sys.argv[1] if len(sys.argv) > 1 else "root"
    account = stack["accounts"].get(name)
    if account is None:
        sys.exit(f"There is no account {name!r}; take one of: {', '.join(stack['accounts'])}")
    try:
        print(token_of(stack, account))
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"The stack gave no token; is it running (make run)? {error}")


if __name__ == "__main__":
    main()
