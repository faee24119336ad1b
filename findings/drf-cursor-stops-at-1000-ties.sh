#!/usr/bin/env bash
# Django REST Framework 3.18.3 with Django 5.2.19 (PyPI).
#
# Setting: CursorPagination, 100 records a page, ordered by a day, and an import has put 2,500
# records on one day. Nothing changes while they are read.
#
# A good guess: cursors are made for that. The pages follow each other to the last of the 2,500,
# or the class refuses an order that does not tell records apart.
#
# Seen: among equal days the cursor holds an offset, and the offset that is read from a cursor
# is cut at 1,000. From there the next page is the same page under the same link: each answer is
# 200 and full, 1,100 of the 2,500 are ever given, and `next` is never null. The order
# ("day", "id") has no ties and does not help, since the cursor holds the first field alone.
#
# A client must know a link or a page that it has had. The API's owner orders by id first.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check \
    Django==5.2.19 djangorestframework==3.18.3
cat >"$dir/ties.py" <<'END'
import django
from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework"])
django.setup()

import rest_framework
from django.db import connection, models
from django.test import Client
from django.urls import path
from rest_framework import generics, pagination, serializers


class Item(models.Model):
    day = models.IntegerField()

    class Meta:
        app_label = "auth"


class ItemSerializer(serializers.ModelSerializer):
    class Meta:
        model = Item
        fields = ["id", "day"]


class Pages(pagination.CursorPagination):
    page_size = 100


class Items(generics.ListAPIView):
    queryset = Item.objects.all()
    serializer_class = ItemSerializer
    pagination_class = Pages


def walk(words, *ordering):
    Pages.ordering = ordering
    url, pages, ids = "/items/", 0, set()
    while url and pages < 40:
        answer = Client().get(url).json()
        ids |= {record["id"] for record in answer["results"]}
        leads_to_itself = answer["next"] == url
        url = answer["next"]
        pages += 1
    end = "the end" if not url else "next leads to itself" if leads_to_itself else "more"
    print(f"{words}: {pages} pages read, {len(ids)} records, {end}")


urlpatterns = [path("items/", Items.as_view())]
with connection.schema_editor() as editor:
    editor.create_model(Item)
Item.objects.bulk_create(Item(day=1) for _ in range(2500))
print("djangorestframework", rest_framework.__version__, "Django", django.__version__)
walk("by day", "day")
walk("by day and id", "day", "id")
walk("by id", "id")
END
"$dir/venv/bin/python" "$dir/ties.py" | tee "$dir/seen"
diff "$dir/seen" - <<'END'
djangorestframework 3.18.3 Django 5.2.19
by day: 40 pages read, 1100 records, next leads to itself
by day and id: 40 pages read, 1100 records, next leads to itself
by id: 25 pages read, 2500 records, the end
END
echo "as seen"
