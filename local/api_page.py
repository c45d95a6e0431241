"""`make openapi`: print the page of the API, which shows the whole OpenAPI document for people.

The page needs no script and loads nothing. It is served at /docs.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any, Final

from local.paths import PROJECT

_METHODS: Final = ("get", "post", "put", "patch", "delete")


def page(document: dict[str, Any]) -> str:
    """Return the page as HTML."""
    operations = list(_operations(document))
    schemas = document["components"]["schemas"]
    info = document["info"]
    css = (PROJECT / "local" / "api_page.css").read_text(encoding="utf-8")
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(info["title"])} API</title>',
        f'<meta name="viewport" content="width=device-width"><style>{css}</style></head><body>',
        _navigation(document, operations),
        f"<main><h1>{escape(info['title'])} API</h1><p>{_text(info['description'])}</p>",
        f'<p>Version {escape(info["version"])}. <a href="openapi.json">The OpenAPI document</a> for programs. ',
        "Send an access token as <code>Authorization: Bearer</code>.</p>",
    ]
    for tag in document["tags"]:
        parts.append(f'<h2 id="{tag["name"]}">{_words(tag["name"])}</h2><p>{_text(tag["description"])}</p>')
        parts += [_operation(*each) for each in operations if tag["name"] in each[2]["tags"]]
    parts.append('<h2 id="objects">Objects</h2>')
    parts += [_schema(name, schema) for name, schema in schemas.items()]
    return "\n".join([*parts, "</main></body></html>"]) + "\n"


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the method, the path and the operation of each route."""
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                yield method.upper(), path, methods[method]


def _navigation(document: dict[str, Any], operations: list[tuple[str, str, dict[str, Any]]]) -> str:
    parts = ['<nav aria-label="Contents">']
    for tag in document["tags"]:
        links = "".join(
            f'<li><a href="#{operation["operationId"]}">{_title(operation)}</a></li>'
            for _, _, operation in operations
            if tag["name"] in operation["tags"]
        )
        parts.append(f'<p><a href="#{tag["name"]}">{_words(tag["name"])}</a></p><ul>{links}</ul>')
    links = "".join(f'<li><a href="#{name}">{name}</a></li>' for name in document["components"]["schemas"])
    return "".join([*parts, f'<p><a href="#objects">Objects</a></p><ul>{links}</ul></nav>'])


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    name = operation["operationId"]
    parts = [f'<h3 id="{name}"><span class="method">{method}</span> <code>{escape(path)}</code></h3>']
    parts += [f"<p>{_text(each)}</p>" for each in operation["description"].split("\n\n")]
    if operation.get("parameters"):
        rows = [
            (
                f"<code>{parameter['name']}</code>",
                f"{parameter['in']}, {_type(parameter['schema'])}{', required' if parameter['required'] else ''}",
                f"{_text(parameter['description'])}{_values(parameter['schema'])}",
                f"<code>{escape(_short(parameter['example']))}</code>",
            )
            for parameter in operation["parameters"]
        ]
        parts.append(f"<h4>Parameters</h4>{_table(('Name', 'Kind', 'Meaning', 'Example'), rows)}")
    if "requestBody" in operation:
        content = operation["requestBody"]["content"]
        parts.append("<h4>Body</h4>" + "".join(_body(media, content[media]) for media in content))
    parts.append(f"<h4>Responses</h4>{_responses(operation)}")
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            content = response.get("content", {})
            parts += [_example(f"{status}, {media}", content[media]) for media in content]
    return "".join(parts)


def _responses(operation: dict[str, Any]) -> str:
    rows = [
        (
            status,
            _text(response["description"]),
            ", ".join(dict.fromkeys(_type(each["schema"]) for each in response.get("content", {}).values())),
            ", ".join(f"<code>{header}</code>" for header in response["headers"] if header != "RateLimit-Policy"),
        )
        for status, response in operation["responses"].items()
    ]
    return _table(("Status", "Meaning", "Body", "Headers"), rows)


def _body(media: str, content: dict[str, Any]) -> str:
    schema = content["schema"]
    fields = _fields(schema) if "properties" in schema else ""
    return f"<p><code>{media}</code>: {_type(schema)}</p>{fields}{_example(media, content)}"


def _example(name: str, content: dict[str, Any]) -> str:
    example = content.get("example")
    text = example if isinstance(example, str) else json.dumps(example, indent=2, ensure_ascii=False)
    text = text.replace("\r\n", "\n")
    return f"<details><summary>Example: {escape(name)}</summary><pre>{escape(text)}</pre></details>"


def _schema(name: str, schema: dict[str, Any]) -> str:
    return f'<h3 id="{name}">{name}</h3><p>{_text(schema.get("description", ""))}</p>{_fields(schema)}'


def _fields(schema: dict[str, Any]) -> str:
    rows = [
        (
            f"<code>{name}</code>",
            f"{_type(field)}{'' if name in schema.get('required', ()) else ', optional'}",
            f"{_text(field.get('description', ''))}{_values(field)}",
        )
        for name, field in schema.get("properties", {}).items()
    ]
    return _table(("Field", "Type", "Meaning"), rows) if rows else ""


def _type(schema: dict[str, Any]) -> str:
    """Return the type of a value, with a link to its object."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    return escape(f"{schema.get('type', 'any')} {schema.get('format', '')}".strip())


def _values(schema: dict[str, Any]) -> str:
    found = [
        value
        for each in schema.get("anyOf", [schema])
        for values in (each, each.get("items", {}))
        for value in values.get("enum", values.get("x-extensible-enum", ()))
        if value is not None
    ]
    return f" Values: {', '.join(f'<code>{escape(str(value))}</code>' for value in found)}." if found else ""


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = "".join(f'<th scope="col">{each}</th>' for each in head)
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table></div>'


def _text(text: str) -> str:
    """Return a text as HTML, with `code` marked."""
    return "".join(
        f"<code>{escape(part)}</code>" if number % 2 else escape(part) for number, part in enumerate(text.split("`"))
    )


def _title(operation: dict[str, Any]) -> str:
    return _words(operation["operationId"])


def _words(name: str) -> str:
    return escape(name.replace("_", " ").capitalize())


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


if __name__ == "__main__":
    sys.stdout.write(page(json.loads((PROJECT / "docs" / "openapi.json").read_text(encoding="utf-8"))))
