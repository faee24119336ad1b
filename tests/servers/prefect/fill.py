import sys

from records import main, send

base = sys.argv[1] + "/api/flows/"


def make(record):
    """Some signs may not stand in a name; labels stay as they are."""
    labels = {field: record[field] for field in ["n", "name", "big", "flag", "grp"]}
    return {"name": record["id"], "tags": [record["note"] or "", "ü"], "labels": labels}


def add(record):
    flow = make(record)
    send("POST", base, flow)
    return flow


def id_of(record):
    return send("GET", base + "name/" + record["id"], None)["id"]


def update(record):
    flow = make(record)
    send("PATCH", base + id_of(record), {"tags": flow["tags"]})
    return flow


def delete(record):
    send("DELETE", base + id_of(record), None)


main(add, delete, update)
