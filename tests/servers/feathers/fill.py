import sys

from records import main, rounded, send

base = sys.argv[1] + "/records"


def add(record):
    send("POST", base, record)
    return rounded(record)


def update(record):
    send("PUT", f"{base}/{record['id']}", record)
    return rounded(record)


def delete(record):
    send("DELETE", f"{base}/{record['id']}", None)


main(add, delete, update)
