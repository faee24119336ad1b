"""The records in one file, by each of the framework's three paginations."""

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="x", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3",
                           "NAME": "file:odd?mode=memory&cache=shared",
                           "OPTIONS": {"uri": True}}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework"])
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.urls import path  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from records import after, records  # noqa: E402
from rest_framework import generics, pagination, serializers  # noqa: E402


class Item(models.Model):
    n = models.IntegerField(primary_key=True)
    grp = models.IntegerField()
    record = models.JSONField()

    class Meta:
        app_label = "auth"


class ItemSerializer(serializers.BaseSerializer):
    def to_representation(self, instance):
        return instance.record


class Pages(pagination.PageNumberPagination):
    page_size = 50


class Offsets(pagination.LimitOffsetPagination):
    default_limit = 50
    max_limit = 100


class Cursors(pagination.CursorPagination):
    page_size = 25
    ordering = ("grp", "n")


def view(how):
    class Items(generics.ListAPIView):
        queryset = Item.objects.order_by("n")
        serializer_class = ItemSerializer
        pagination_class = how
    return Items.as_view()


def write(all_records):
    for one in all_records:
        Item.objects.update_or_create(n=one["n"], defaults={"grp": one["grp"], "record": one})


def change(request):
    Item.objects.exclude(n__in=[one["n"] for one in after()]).delete()
    write(after())
    return HttpResponse()


urlpatterns = [path("change/", change), path("page/", view(Pages)), path("offset/", view(Offsets)),
               path("cursor/", view(Cursors))]
with connection.schema_editor() as editor:
    editor.create_model(Item)
write(records())
kept_open = connection.connection  # the database lives as long as one connection does
application = get_wsgi_application()
