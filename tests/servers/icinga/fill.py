import os
import sys
import urllib.parse

from records import main, send

base = sys.argv[1] + "/v1/objects/hosts/"
auth = {"Authorization": "Basic " + os.environ["ICINGA_BASIC"], "Accept": "application/json"}
FIELDS = ["big", "amount", "flag", "empty", "nested"]


def url_of(record):
    return base + urllib.parse.quote(record["name"].replace("/", "-"), safe="")


def make(record):
    return {"notes": record["note"] or "", "vars": {**{field: record[field] for field in FIELDS}, "amount": round(record["amount"], 2)}}


def arrives(record):
    """Every number is a double."""
    values = make(record)["vars"]
    values["big"] = int(float(values["big"]))
    return {"name": record["name"], "notes": record["note"] or "", "big": values["big"], "amount": values["amount"],
            "flag": values["flag"]}


def add(record):
    send("PUT", url_of(record), {"attrs": {"check_command": "none", **make(record)}}, **auth)
    return arrives(record)


def update(record):
    send("POST", url_of(record), {"attrs": make(record)}, **auth)
    return arrives(record)


def delete(record):
    send("DELETE", url_of(record) + "?cascade=1", None, **auth)


main(add, delete, update)
