"""Print the results of `make mutants` for each module. Exit with 1 if less than 90 % of the mutants were killed."""

import json
import sys
from collections import Counter
from pathlib import Path

SURVIVED = 0
ENOUGH = 0.9


def main() -> None:
    every: Counter[str] = Counter()
    for path in sorted(Path("mutants/shared").glob("**/*.py.meta")):
        ends = json.loads(path.read_text())["exit_code_by_key"].values()
        survived, unknown = sum(end == SURVIVED for end in ends), sum(end is None for end in ends)
        if not ends:
            continue
        every.update(all=len(ends), survived=survived, unknown=unknown)
        killed = len(ends) - survived - unknown
        print(f"{path.name.removesuffix('.py.meta'):22} {killed:5} of {len(ends) - unknown:5} killed")
    tried = every["all"] - every["unknown"]
    rate = (tried - every["survived"]) / max(tried, 1)
    print(f"{'all':22} {tried - every['survived']:5} of {tried:5} killed, {rate:.1%}; not tried: {every['unknown']}")
    print("Those that survived: python -m mutmut results; one of them: python -m mutmut show NAME")
    sys.exit(rate < ENOUGH or tried == 0)


if __name__ == "__main__":
    main()
