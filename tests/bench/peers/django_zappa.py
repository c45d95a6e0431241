"""Django behind Zappa's handler, with pydantic."""

import sys
from types import ModuleType

from django.conf import settings
from django.http import HttpResponse
from django.urls import path
from peers import records
from peers.shapes import Customer, NewCustomer, Page, Rows, added


def answer(model, status=200):
    return HttpResponse(model.model_dump_json(), content_type="application/json", status=status)


def customers(request):
    if request.method == "POST":
        customer = added(NewCustomer.model_validate_json(request.body))
        records.add(customer.id, customer.model_dump_json())
        return answer(customer, 201)
    found = records.children(request.GET["parent_id"], int(request.GET["limit"]))
    return answer(Page.model_validate({"customers": found}))


def get_customer(request, customer_id):
    return answer(Customer.model_validate(records.customers([customer_id])[0]))


def list_devices(request, customer_id):
    return answer(Rows.model_validate({"rows": records.devices(customer_id, int(request.GET["limit"]))}))


urlpatterns = [
    path("customers", customers),
    path("customers/<str:customer_id>", get_customer),
    path("customers/<str:customer_id>/devices", list_devices),
]
settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="-", ALLOWED_HOSTS=["*"], MIDDLEWARE=[])

# The settings that `zappa deploy` writes.
made = ModuleType("zappa_settings")
made.__dict__.update(
    API_STAGE="live", PROJECT_NAME="customers", LOG_LEVEL="INFO", BINARY_SUPPORT=True, CONTEXT_HEADER_MAPPINGS={},
    DJANGO_SETTINGS=None, APP_MODULE="peers.django_zappa", APP_FUNCTION="wsgi", DEBUG=False, DOMAIN=None, BASE_PATH=None,
    COGNITO_TRIGGER_MAPPING={}, AWS_EVENT_MAPPING={}, EXCEPTION_HANDLER=None, AUTHORIZER_FUNCTION=None,
    ASYNC_RESPONSE_TABLE="", ENVIRONMENT_VARIABLES={}, AWS_BOT_EVENT_MAPPING={}, SLIM_HANDLER=False,
    ADDITIONAL_TEXT_MIMETYPES=[],
)  # fmt: skip
sys.modules["zappa_settings"] = made

from django.core.wsgi import get_wsgi_application  # noqa: E402 - after the settings

wsgi = get_wsgi_application()

from zappa.handler import lambda_handler as handler  # noqa: E402, F401
