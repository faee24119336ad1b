import sys
import time

from records import main, send

base, exporter = sys.argv[1], sys.argv[2]


def count():
    found = send("GET", base + "/api/v1/query?query=count(odd)", None)["data"]["result"]
    return int(found[0]["value"][1]) if found else 0


def arrives(record):
    """A label is text, and an empty one is none."""
    return {"id": record["id"], "name": record["name"], "note": record["note"] or None,
            "big": str(record["big"]), "grp": str(record["grp"]), "value": record["amount"]}


def seen(number):
    for _ in range(300):
        if count() == number:
            return
        time.sleep(0.1)
    raise SystemExit(f"{count()} series, not {number}")


if sys.argv[-1] == "change":
    send("POST", exporter, {})
    seen(233)
else:
    seen(235)
main(arrives, arrives)
