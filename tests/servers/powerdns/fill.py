import sys

from records import main, send

LABELS = ["zebra", "under_score", "10", "9", "slash/ed", "xn--nal-goa", "-", "UPPER", "r"]
KEY = {"X-API-Key": "odd"}

base = sys.argv[1] + "/api/v1/servers/localhost/zones"


def name_of(record):
    return f"{LABELS[record['n'] % len(LABELS)]}.{record['id']}.example."


def add(record):
    zone = send("POST", base, {"name": name_of(record), "kind": "Native", "nameservers": []}, **KEY)
    return {"id": zone["id"], "name": name_of(record).lower()}


def id_of(record):
    return name_of(record).lower().replace("/", "=2F").replace("_", "=5F")


def update(record):
    send("PUT", f"{base}/{id_of(record)}", {"kind": "Master"}, **KEY)
    return {"id": id_of(record), "name": name_of(record).lower()}


def delete(record):
    send("DELETE", f"{base}/{id_of(record)}", None, **KEY)


main(add, delete, update)
