"""Paths of the local stack's files, below the project's folder."""

from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parent.parent
LOCAL: Final = PROJECT / ".local"
ENVIRONMENTS: Final = LOCAL / "env"
STACK_FILE: Final = LOCAL / "stack.json"
SAM_ENVIRONMENT: Final = LOCAL / "sam-env.json"
CLOCK_FILE: Final = LOCAL / "clock"
BUILD: Final = PROJECT / ".aws-sam" / "build"
