"""What a route takes: its function's arguments, read from the path, the query, the headers and the body of a request.

An argument named in the path comes from there; a pydantic model is the body; one annotated with a `Header` is that
header; every other is a parameter of the query. Each is validated by its annotation; all errors are reported at once.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final, Literal, NamedTuple, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

Place = Literal["path", "query", "header", "body"]
_MISSING: Final = inspect.Parameter.empty


class Header(str):
    """In an annotation: the header that an argument comes from."""

    __slots__ = ()


class RequestValidationError(Exception):
    """The request has not the shape that is asked for; `errors` are pydantic's, each with its place first."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__()
        self.errors = errors


class RequestData(NamedTuple):
    """What was sent: raw texts by name, and the body as it was decoded."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    header: Mapping[str, str]
    body: Any


class Parameter:
    """One argument of a route."""

    def __init__(self, path: str, given: inspect.Parameter) -> None:
        self.name, self.annotation, self.default = given.name, given.annotation, given.default
        annotated = get_args(given.annotation)
        header = next((each for each in annotated if isinstance(each, Header)), None)
        self.description = next((each.description for each in annotated if isinstance(each, FieldInfo)), None)
        self.key = str(header or given.name)
        self.place: Place = "query"
        if f"{{{given.name}}}" in path:
            self.place = "path"
        elif header:
            self.place = "header"
        elif isinstance(given.annotation, type) and issubclass(given.annotation, BaseModel):
            self.place = "body"

    @property
    def required(self) -> bool:
        return self.default is _MISSING

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """Made when it is first needed: most requests leave most parameters out."""
        return TypeAdapter(self.annotation)

    def read(self, sent: RequestData) -> Any:
        """The value. Raises RequestValidationError."""
        if self.place == "path":
            return sent.path[self.name]
        if self.place == "body":
            return self._valid(self.annotation.model_validate, sent.body, "body")
        texts, key = (sent.query, self.key) if self.place == "query" else (sent.header, self.key.lower())
        if key in texts:
            return self._valid(self.adapter.validate_python, texts[key], self.place, self.key)
        if self.required:
            raise RequestValidationError([{"type": "missing", "loc": (self.place, self.key), "msg": "Field required"}])
        return self.default

    @staticmethod
    def _valid(validate: Callable[[Any], Any], value: Any, *place: str) -> Any:
        try:
            return validate(value)
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False, include_input=False)
            raise RequestValidationError([{**each, "loc": (*place, *each["loc"])} for each in found]) from error


def parameters_of(route: Callable[..., Any], path: str) -> list[Parameter]:
    return [Parameter(path, given) for given in inspect.signature(route).parameters.values()]


def read(parameters: list[Parameter], sent: RequestData) -> dict[str, Any]:
    """The arguments of the route. Raises RequestValidationError with all that is wrong."""
    values, wrong = {}, []
    for parameter in parameters:
        try:
            values[parameter.name] = parameter.read(sent)
        except RequestValidationError as error:
            wrong += error.errors
    if wrong:
        raise RequestValidationError(wrong)
    return values
