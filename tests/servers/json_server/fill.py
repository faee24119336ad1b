import json
import sys

from records import main, records, rounded, send


def add(record):
    if sys.argv[-1] == "change":
        send("POST", sys.argv[1] + "/records", record)
    return rounded(record)


def update(record):
    send("PUT", f"{sys.argv[1]}/records/{record['id']}", record)
    return rounded(record)


def delete(record):
    send("DELETE", f"{sys.argv[1]}/records/{record['id']}", None)


if sys.argv[-1] != "change":
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump({"records": records()}, file)
main(add, delete, update)
