import sys

from records import main, rounded, send

base = sys.argv[1] + "/records"
JSON = {"Accept": "application/json"}


def make(record):
    return {field: record[field] for field in record if field != "id"}


def add(record):
    send("PUT", f"{base}/{record['id']}", make(record), **JSON)
    return rounded(record)


def rev_of(record):
    return send("GET", f"{base}/{record['id']}", None, **JSON)["_rev"]


def update(record):
    send("PUT", f"{base}/{record['id']}", {**make(record), "_rev": rev_of(record)}, **JSON)
    return rounded(record)


def delete(record):
    send("DELETE", f"{base}/{record['id']}?rev={rev_of(record)}", None, **JSON)


if sys.argv[-1] != "change":
    send("PUT", base, None, **JSON)
main(add, delete, update)
