import os
import pathlib
import sys

from records import main, send

base = sys.argv[1] + "/api/3/action/"
auth = {"Authorization": os.environ["CKAN_TOKEN"]}
resource_file = pathlib.Path(os.environ["CKAN_RESOURCE_FILE"])
TYPES = {"code": "text", "n": "int", "name": "text", "note": "text", "big": "bigint", "amount": "numeric",
         "flag": "boolean"}


def act(action, **words):
    return send("POST", base + action, words, **auth)["result"]


def make_resource():
    act("organization_create", name="odd")
    act("package_create", name="odd", owner_org="odd")
    made = act("datastore_create", resource={"package_id": "odd"}, primary_key="code",
               fields=[{"id": name, "type": kind} for name, kind in TYPES.items()])
    resource_file.write_text(made["resource_id"], encoding="utf-8")


def put(record):
    odd = {"code": record["id"], **{name: record[name] for name in TYPES if name != "code"}}
    odd["amount"] = round(odd["amount"], 2)
    act("datastore_upsert", resource_id=resource_file.read_text(encoding="utf-8"), method="upsert", force=True,
        records=[odd])
    return odd


def delete(record):
    act("datastore_records_delete", resource_id=resource_file.read_text(encoding="utf-8"), force=True,
        filters={"code": record["id"]})


if sys.argv[-1] != "change":
    make_resource()
main(put, delete)
