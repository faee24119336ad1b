import os
import sys

from records import main, send

base = sys.argv[1]
items = base + "/items/odd"
auth = {"Authorization": "Bearer " + os.environ["DIRECTUS_TOKEN"]}
TYPES = {"code": "string", "n": "integer", "name": "string", "note": "text", "big": "bigInteger", "amount": "decimal",
         "grp": "integer", "flag": "boolean", "nested": "json"}


def field(name, kind):
    schema = {"numeric_precision": 20, "numeric_scale": 4} if kind == "decimal" else {}
    return {"field": name, "type": kind, "schema": schema, "meta": {}}


def make_collection():
    fields = [{"field": "id", "type": "integer", "schema": {"is_primary_key": True, "has_auto_increment": True},
               "meta": {"hidden": True}},
              {"field": "date_updated", "type": "timestamp", "schema": {},
               "meta": {"special": ["date-created", "date-updated"]}}]
    send("POST", base + "/collections", {"collection": "odd", "schema": {}, "meta": {},
                                         "fields": fields + [field(*one) for one in TYPES.items()]}, **auth)


def make(record):
    odd = {"code": record["id"], **{name: record[name] for name in TYPES if name != "code"}}
    return {**odd, "big": str(record["big"]), "amount": f"{record['amount']:.2f}"}


def arrives(record):
    """Its JSON is kept by PostgreSQL, and read as JavaScript does."""
    nested = record["nested"]
    nested["deep"]["big"] = int(float(nested["deep"]["big"]))
    return {**make(record), "big": record["big"], "amount": round(record["amount"], 2), "nested": nested}


def url_of(record):
    found = send("GET", f"{items}?filter%5Bcode%5D%5B_eq%5D={record['id']}", None, **auth)
    return f"{items}/{found['data'][0]['id']}"


def add(record):
    send("POST", items, make(record), **auth)
    return arrives(record)


def update(record):
    send("PATCH", url_of(record), make(record), **auth)
    return arrives(record)


def delete(record):
    send("DELETE", url_of(record), None, **auth)


if sys.argv[-1] != "change":
    make_collection()
main(add, delete, update)
