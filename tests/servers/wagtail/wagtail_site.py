"""A Wagtail site in one file: the records as pages. Run alone it makes them and prints them."""

import os
import sys

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="x", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3",
                           "NAME": os.path.join(os.environ["WORK"], "site.db")}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "taggit",
                    "wagtail.users", "wagtail.images", "wagtail.documents", "wagtail.search",
                    "wagtail.admin", "wagtail.api.v2", "wagtail"],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField", WAGTAIL_SITE_NAME="odd",
    WAGTAILADMIN_BASE_URL="http://localhost", STATIC_URL="/static/")
django.setup()

from django.db import connection, models  # noqa: E402
from django.urls import path  # noqa: E402
from wagtail.api import APIField  # noqa: E402
from wagtail.api.v2.router import WagtailAPIRouter  # noqa: E402
from wagtail.api.v2.views import PagesAPIViewSet  # noqa: E402
from wagtail.models import Page  # noqa: E402


class OddPage(Page):
    key = models.TextField()
    name = models.TextField()
    note = models.TextField(null=True, blank=True)
    big = models.BigIntegerField()
    amount = models.DecimalField(max_digits=9, decimal_places=2)
    nested = models.JSONField()
    fields_of_records = ["key", "name", "note", "big", "amount", "nested"]
    api_fields = [APIField(field) for field in fields_of_records]

    class Meta:
        app_label = "wagtailcore"


router = WagtailAPIRouter("api")
router.register_endpoint("pages", PagesAPIViewSet)
urlpatterns = [path("api/v2/", router.urls)]


def odd_of(record):
    odd = {"key": record["id"], **{field: record[field] for field in OddPage.fields_of_records
                                   if field != "key"}}
    return {**odd, "amount": f"{record['amount']:.2f}"}


def add(record):
    odd = odd_of(record)
    home = Page.objects.get(slug="home")
    page = home.add_child(instance=OddPage(title="odd", slug=record["id"], **odd))
    return {"id": page.id, **odd}


def update(record):
    page = OddPage.objects.get(slug=record["id"])
    odd = odd_of(record)
    for field, value in odd.items():
        setattr(page, field, value)
    page.save()
    return {"id": page.id, **odd}


def delete(record):
    Page.objects.get(slug=record["id"]).delete()


def make_tables():
    from django.core.management import call_command
    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(OddPage)


if __name__ == "__main__":
    from records import main
    if sys.argv[-1] != "change":
        make_tables()
    main(add, delete, update)
else:
    from django.core.wsgi import get_wsgi_application
    application = get_wsgi_application()
