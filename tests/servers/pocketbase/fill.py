import sys

from records import main, send

KINDS = {"n": "number", "name": "text", "note": "text", "big": "number", "amount": "number",
         "grp": "number", "flag": "bool", "nested": "json"}

base = sys.argv[1] + "/api/collections"
of_records = f"{base}/records/records"
login = send("POST", f"{base}/_superusers/auth-with-password",
             {"identity": "odd@example.org", "password": "0123456789"})
token = {"Authorization": login["token"]}


def id_of(record):
    return record["id"].replace("-", "0").ljust(15, "x")


def make(record):
    return {"id": id_of(record), **{field: record[field] for field in KINDS}}


def arrives(odd):
    """The server keeps numbers as doubles, and has no null."""
    odd["big"] = int(float(odd["big"]))
    odd["note"] = odd["note"] or ""
    odd["nested"]["deep"]["big"] = int(float(odd["nested"]["deep"]["big"]))
    return odd


def add(record):
    odd = make(record)
    send("POST", of_records, odd, **token)
    return arrives(odd)


def update(record):
    odd = make(record)
    send("PATCH", f"{of_records}/{odd['id']}", odd, **token)
    return arrives(odd)


def delete(record):
    send("DELETE", f"{of_records}/{id_of(record)}", None, **token)


if sys.argv[-1] != "change":
    fields = [{"name": name, "type": kind} for name, kind in KINDS.items()]
    fields.append({"name": "updated", "type": "autodate", "onCreate": True, "onUpdate": True})
    send("POST", base, {"name": "records", "type": "base", "listRule": "", "fields": fields},
         **token)
main(add, delete, update)
