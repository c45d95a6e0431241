"""Django behind Zappa's handler, with pydantic."""

import os
import sys
from types import ModuleType

import boto3
from django.conf import settings
from django.http import HttpResponse
from django.urls import path
from peers.shapes import NewCustomer, added, item

dynamodb = boto3.client("dynamodb")


def add_customer(request):
    customer = added(NewCustomer.model_validate_json(request.body))
    dynamodb.put_item(TableName=os.environ["TABLE_NAME"], Item=item(customer))
    return HttpResponse(customer.model_dump_json(), content_type="application/json", status=201)


urlpatterns = [path("customers", add_customer)]
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
