"""The records as a resource of Tastypie."""

import odd_django

odd_django.configure(__name__, "tastypie", TASTYPIE_DEFAULT_FORMATS=["json"])

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import include, path  # noqa: E402
from odd_items import Item, change, make  # noqa: E402
from tastypie.fields import DictField  # noqa: E402
from tastypie.resources import ModelResource  # noqa: E402


class ItemResource(ModelResource):
    nested = DictField(attribute="nested")

    class Meta:
        queryset = Item.objects.order_by("n")
        resource_name = "items"
        allowed_methods = ["get"]
        include_resource_uri = False


urlpatterns = [path("change", change), path("api/", include(ItemResource().urls))]
kept_open = make()
application = get_wsgi_application()
