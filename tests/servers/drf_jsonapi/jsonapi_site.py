"""The records as JSON:API, by Django REST Framework's adapter."""

import odd_django

odd_django.configure(__name__, "rest_framework", "rest_framework_json_api", REST_FRAMEWORK={
    "DEFAULT_RENDERER_CLASSES": ["rest_framework_json_api.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework_json_api.parsers.JSONParser"],
    "DEFAULT_METADATA_CLASS": "rest_framework_json_api.metadata.JSONAPIMetadata",
    "EXCEPTION_HANDLER": "rest_framework_json_api.exceptions.exception_handler"})

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import path  # noqa: E402
from odd_items import FIELDS, Item, change, make  # noqa: E402
from rest_framework_json_api import pagination, serializers, views  # noqa: E402


class ItemSerializer(serializers.ModelSerializer):
    class Meta:
        model = Item
        fields = ["n", *FIELDS]


class Pages(pagination.JsonApiPageNumberPagination):
    page_size = 20


class Offsets(pagination.JsonApiLimitOffsetPagination):
    default_limit = 20


def view(how):
    class Items(views.ReadOnlyModelViewSet):
        queryset = Item.objects.order_by("n")
        serializer_class = ItemSerializer
        pagination_class = how
        resource_name = "items"
    return Items.as_view({"get": "list"})


urlpatterns = [path("change", change), path("items", view(Pages)), path("offset", view(Offsets))]
kept_open = make()
application = get_wsgi_application()
