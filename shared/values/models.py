"""Fields of pydantic models, to build a response from a record."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel


def fields_of(model: BaseModel, names: Iterable[str]) -> dict[str, Any]:
    """Return these fields with their values, as keywords for another model.

    `model_dump` would format the times, which the other model would parse and format again.
    """
    return {name: getattr(model, name) for name in names}
