"""PUT /customers/by-reference/{system}/{value}: add a customer, or change the one that has the reference."""

from uuid import uuid4

from shared.customers import CustomerAnswer, NewCustomer
from shared.errors import (
    ArchivedError,
    BodyTooLargeError,
    BrokenRulesError,
    NameExistsError,
    NotFoundError,
    ReferenceExistsError,
    StaleVersionError,
    UnsupportedMediaError,
)
from shared.facts import tell
from shared.http import Api, IfMatchIfGiven, Response, version_of
from shared.reference_use_cases import save_customer_by_reference

app = Api("save_customer_by_reference")


@app.serves(
    CustomerAnswer,
    status=201,
    otherwise="The customer that has the reference, changed or as it was.",
    refuses=[
        NotFoundError,
        NameExistsError,
        ReferenceExistsError,
        ArchivedError,
        StaleVersionError,
        BodyTooLargeError,
        UnsupportedMediaError,
        BrokenRulesError,
    ],
)
def route(system: str, value: str, new: NewCustomer, if_match: IfMatchIfGiven = None) -> Response:
    """Add a customer with an id of another system, or change the one that has it. It can be repeated."""
    saved = save_customer_by_reference(
        app.store, app.caller, system, value, new, new_key=str(uuid4()), version=version_of(if_match)
    )
    tell(f"customer_{saved.saved}", customer_id=saved.customer.id, customer_level=saved.customer.level)
    return app.saved(saved.customer, at=f"/customers/{saved.customer.id}", added=saved.saved == "added")


lambda_handler = app.started()
