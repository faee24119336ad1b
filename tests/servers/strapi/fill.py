import os
import sys

from records import main, send

base = sys.argv[1] + "/api/odds"
auth = {"Authorization": "Bearer " + os.environ["STRAPI_TOKEN"]}
FIELDS = ["n", "name", "note", "amount", "grp", "flag", "nested"]


def make(record):
    return {"code": record["id"], **{field: record[field] for field in FIELDS}, "big": str(record["big"])}


def arrives(odd):
    odd["amount"] = round(odd["amount"], 2)
    odd["nested"]["deep"]["big"] = int(float(odd["nested"]["deep"]["big"]))
    return odd


def document(record):
    found = send("GET", f"{base}?filters%5Bcode%5D={record['id']}", None, **auth)
    return f"{base}/{found['data'][0]['documentId']}"


def add(record):
    odd = make(record)
    send("POST", base, {"data": odd}, **auth)
    return arrives(odd)


def update(record):
    odd = make(record)
    send("PUT", document(record), {"data": odd}, **auth)
    return arrives(odd)


def delete(record):
    send("DELETE", document(record), None, **auth)


main(add, delete, update)
