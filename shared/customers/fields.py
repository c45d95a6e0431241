"""Every field of a customer, one entry each: its rule by level, how it is validated, and where it appears.

Adding, changing, the options, the history and the columns of an import loop over `FIELDS`. docs/developing.md shows how
to add a field. Source: domain.md, "Fields when a customer is added".
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from shared.customers import cells
from shared.customers.levels import ALLOWED_CHILDREN, LABELS, LEVELS, SERVICE_TYPES, Level, ServiceType
from shared.errors import RuleViolation, Violations
from shared.values.countries import country_code
from shared.values.emails import MAX_EMAIL_LENGTH, normalize_email
from shared.values.names import MAX_NAME_LENGTH, normalize_name

FieldRule = Literal["required", "optional", "refused", "set", "by_device_country"]

MAX_REFERENCES: Final = 10
MAX_SERVICES: Final = 10  # a request may repeat a service type, but not without limit
_REFERENCE: Final = re.compile(r"[-\w .~()'!*:@,;=+&$]+")
_SYSTEM: Final = re.compile("[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True)
class Context:
    """What a value may depend on: the possible levels, the services that the parent provides, the stored fields."""

    levels: tuple[Level, ...]
    provided: tuple[ServiceType, ...] = SERVICE_TYPES
    stored: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class FieldSpec:
    """One field: the rule for a company (distributor, sub-distributor, reseller), for an end-customer and for a site.

    `normalize` takes a request's value, its JSON pointer and a Context, and returns the value to store. It raises
    RuleViolation. A field without it is decided by a rule of its own (parent, level, storage location, trial).
    """

    company: FieldRule
    end_customer: FieldRule
    site: FieldRule
    _: KW_ONLY
    root: FieldRule = "optional"  # applies to changes only, because a root is never added
    only: frozenset[Level] = frozenset(LEVELS)  # the levels that have the field at all
    normalize: Callable[[Any, str, Context], Any] | None = None
    changeable: bool = False
    in_history: bool = False
    personal: bool = False  # the history says that it has changed, without its values
    from_parent: bool = False  # only what the parent provides is allowed
    options: Mapping[str, Any] = MappingProxyType({})  # what a form shows: limits and the default
    parse_text: Callable[[str, str], Any] = cells.parse_text  # (cell of a file, pointer) -> value of a request

    def rule(self, level: Level) -> FieldRule:
        if level not in self.only:
            return "refused"
        match level:
            case "root":
                return self.root
            case "end_customer":
                return self.end_customer
            case "site":
                return self.site
            case _:
                return self.company


def normalize_service_type(service_type: str, pointer: str, context: Context) -> str:
    """Return the service type. Raises RuleViolation for one that the parent does not provide."""
    if context.levels != ("site",) and service_type not in context.provided:  # for a site, the field rule reports it
        raise _service_not_provided(pointer, service_type, context.provided)
    return service_type


def normalize_services_to_provide(services: list[str], pointer: str, context: Context) -> tuple[str, ...]:
    """Sort the services, without repeats. Raises RuleViolation for none, or one that the parent does not provide."""
    if context.levels in (("end_customer",), ("site",)):
        return ()  # the field rule of the level has reported it already
    if not services:
        raise RuleViolation("required", pointer, "At least one service to provide is required.")
    for place, service in enumerate(services):
        if service not in context.provided:
            raise _service_not_provided(f"{pointer}/{place}", service, context.provided)
    return tuple(sorted(set(services)))


def _service_not_provided(pointer: str, service: str, provided: tuple[ServiceType, ...]) -> RuleViolation:
    return RuleViolation(
        "service_not_provided",
        pointer,
        f"The parent does not provide {service[:32]}. Allowed values: {', '.join(provided)}.",
        values=list(provided),
    )


def _merge_references(requested: Mapping[str, str | None], pointer: str, context: Context) -> dict[str, str]:
    """Merge the requested references into the stored ones. None removes a reference. Raises RuleViolation."""
    stored: Mapping[str, str] = context.stored.get("references", {})
    new = normalize_references({system: value for system, value in requested.items() if value is not None}, pointer)
    remaining = {system: value for system, value in stored.items() if requested.get(system, "") is not None}
    return normalize_references(remaining | new, pointer)  # again: the limit applies to all references together


def normalize_references(references: Mapping[str, str], pointer: str = "/references") -> dict[str, str]:
    if len(references) > MAX_REFERENCES:
        raise RuleViolation("too_many", pointer, f"A customer has at most {MAX_REFERENCES} references.")
    for system in references:
        if not _SYSTEM.fullmatch(system):
            detail = f"{system[:32]} is not a valid system. Use 1 to 32 of a-z, 0-9 and _, beginning with a letter."
            raise RuleViolation("reference_system", pointer, detail)
    return {system: normalize_reference(value, f"{pointer}/{system}") for system, value in references.items()}


def normalize_reference(value: str, pointer: str) -> str:
    """Trim a reference. Raises RuleViolation for a value that cannot be part of a URL's path."""
    value = normalize_name(value, pointer)
    if not _REFERENCE.fullmatch(value) or not value.strip("."):
        detail = (
            "A reference is part of a URL. Allowed characters: letters, digits, spaces and -._~()'!*:@,;=+&$, "
            "but not dots alone."
        )
        raise RuleViolation("reference_characters", pointer, detail)
    return value


def _normalize_contact_email(email: str, pointer: str, _context: Context) -> str | None:
    """Return the address, or None for an empty text, which removes it. Raises RuleViolation."""
    return normalize_email(email, pointer) if email.strip() else None


def _normalize_account_manager(text: str, pointer: str, _context: Context) -> str | None:
    """Return the text, or None for an empty one, which removes it. Raises RuleViolation."""
    return normalize_name(text, pointer) if text.strip() else None


FIELDS: Final[dict[str, FieldSpec]] = {
    "name": FieldSpec(
        "required",
        "required",
        "required",
        normalize=lambda value, pointer, _: normalize_name(value, pointer),
        changeable=True,
        in_history=True,
        options={"max_length": MAX_NAME_LENGTH},
    ),
    "parent_id": FieldSpec("required", "required", "required"),
    "level": FieldSpec("set", "set", "set", parse_text=cells.parse_level),  # see field_rules
    "service_type": FieldSpec(
        "required",
        "required",
        "refused",
        root="refused",  # the root always provides both services
        normalize=normalize_service_type,
        changeable=True,
        in_history=True,
        from_parent=True,
        parse_text=cells.parse_service_type,
    ),
    "services_to_provide": FieldSpec(
        "required",
        "refused",
        "refused",
        root="refused",
        normalize=normalize_services_to_provide,
        changeable=True,
        in_history=True,
        from_parent=True,
        parse_text=cells.parse_service_types,
    ),
    "device_country": FieldSpec(
        "required",
        "required",
        "required",
        normalize=lambda value, pointer, _: country_code(value, pointer),
        changeable=True,
        in_history=True,
    ),
    "storage_location": FieldSpec("by_device_country", "by_device_country", "by_device_country", in_history=True),
    "in_trial": FieldSpec("refused", "optional", "refused", options={"value": False}, parse_text=cells.parse_in_trial),
    "references": FieldSpec(
        "optional",
        "optional",
        "optional",
        normalize=_merge_references,
        changeable=True,
        in_history=True,
        options={"max_items": MAX_REFERENCES},
        parse_text=cells.parse_references,
    ),
    # Where to ask for the current list of data centres, for the distributor and all below it.
    "account_manager": FieldSpec(
        "optional",
        "refused",
        "refused",
        root="refused",
        only=frozenset({"distributor"}),
        normalize=_normalize_account_manager,
        changeable=True,
        in_history=True,
        personal=True,
        options={"max_length": MAX_NAME_LENGTH},
    ),
    "contact_email": FieldSpec(
        "optional",
        "optional",
        "refused",
        root="refused",
        only=frozenset({"reseller", "end_customer"}),
        normalize=_normalize_contact_email,
        changeable=True,
        in_history=True,
        personal=True,
        options={"max_length": MAX_EMAIL_LENGTH},
    ),
}


def field_rules(level: Level, parent_level: Level) -> dict[str, FieldRule]:
    """Return the rule of each field for a customer of `level` that is added below a customer of `parent_level`."""
    rules = {field: spec.rule(level) for field, spec in FIELDS.items()}
    return {**rules, "level": "set" if len(ALLOWED_CHILDREN[parent_level]) == 1 else "required"}


def common_rules(levels: tuple[Level, ...]) -> dict[str, FieldRule]:
    """Return the rules that are the same for all these levels, except that of `level`."""
    if not levels:
        return {}
    return {
        field: spec.rule(levels[0])
        for field, spec in FIELDS.items()
        if field != "level" and len({spec.rule(level) for level in levels}) == 1
    }


def check_field_rule(field: str, rule: FieldRule, *, given: bool, levels: tuple[Level, ...]) -> None:
    """Raise RuleViolation for a required field that is missing, or a refused field that is given."""
    if rule == "required" and not given:
        raise RuleViolation("required", f"/{field}", f"{_levels_text(levels)} requires {field}.")
    if rule == "refused" and given:
        raise RuleViolation("refused", f"/{field}", f"{_levels_text(levels)} does not have {field}. Omit it.")


def _levels_text(levels: tuple[Level, ...]) -> str:
    who = "a customer" if len(levels) == len(LEVELS) - 1 else " or ".join(LABELS[level] for level in levels)
    return who.capitalize()


def normalize_fields(violations: Violations, values: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Return the values to store for the given fields. Add violations to `violations`."""
    return {
        field: violations.check(spec.normalize, values[field], f"/{field}", context)
        for field, spec in FIELDS.items()
        if spec.normalize and field in values
    }
