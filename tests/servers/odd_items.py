"""The records as rows of a model: after odd_django.configure."""

from django.db import connection, models
from django.http import HttpResponse
from records import after, records

FIELDS = ["name", "note", "big", "amount", "grp", "flag", "nested"]


class Item(models.Model):
    id = models.TextField(primary_key=True)
    n = models.IntegerField(unique=True)
    name = models.TextField()
    note = models.TextField(null=True)
    big = models.BigIntegerField()
    amount = models.FloatField()
    grp = models.IntegerField()
    flag = models.BooleanField()
    nested = models.JSONField()

    class Meta:
        app_label = "auth"
        ordering = ["n"]


def arrives(record):
    """What comes of a record where all fields are shown."""
    return {field: record[field] for field in ["id", "n", *FIELDS]}


def write(all_records):
    for one in all_records:
        fields = {field: one[field] for field in ["n", *FIELDS]}
        Item.objects.update_or_create(id=one["id"], defaults=fields)


def change(request):
    Item.objects.exclude(id__in=[one["id"] for one in after()]).delete()
    write(after())
    return HttpResponse()


def make():
    with connection.schema_editor() as editor:
        editor.create_model(Item)
    write(records())
    return connection.connection  # kept open: the database lives as long as one connection does
