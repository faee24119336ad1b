import json
import sys

from records import main, records, rounded, send

if sys.argv[-1] != "change":
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump({"records": records()}, file)


def add(record):
    """The server gives ids of its own."""
    if sys.argv[-1] == "change":
        record["id"] = send("POST", sys.argv[1] + "/records", record)["id"]
    return rounded(record)


def update(record):
    send("PUT", f"{sys.argv[1]}/records/{record['id']}", record)
    return rounded(record)


def delete(record):
    send("DELETE", f"{sys.argv[1]}/records/{record['id']}", None)


main(add, delete, update)
