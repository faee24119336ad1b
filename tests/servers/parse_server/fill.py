import sys

from records import main, rounded, send

base = sys.argv[1] + "/parse/classes/Odd"
keys = {"X-Parse-Application-Id": "odd", "X-Parse-Master-Key": "odd-master"}
FIELDS = ["n", "name", "note", "big", "amount", "grp", "flag", "nested"]


def make(record):
    odd = {"objectId": record["id"], **{field: record[field] for field in FIELDS}}
    return rounded(odd)


def add(record):
    odd = make(record)
    send("POST", base, odd, **keys)
    return {"object_id": odd.pop("objectId"), **odd}


def update(record):
    odd = make(record)
    key = odd.pop("objectId")
    send("PUT", f"{base}/{key}", odd, **keys)
    return {"object_id": key, **odd}


def delete(record):
    send("DELETE", f"{base}/{record['id']}", None, **keys)


main(add, delete, update)
