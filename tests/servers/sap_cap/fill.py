import sys

from records import main, send

base = sys.argv[1] + "/odd/Items"
FIELDS = ["n", "name", "note", "grp", "flag"]


def make(record):
    """As texts numbers arrive whole."""
    return {**{field: record[field] for field in FIELDS}, "code": record["id"], "big": str(record["big"]),
            "amount": f"{record['amount']:.2f}"}


def arrives(record):
    return {**make(record), "big": record["big"], "amount": round(record["amount"], 2)}


def url_of(record):
    found = send("GET", f"{base}?$filter=code%20eq%20%27{record['id']}%27", None)
    return f"{base}({found['value'][0]['ID']})"


def add(record):
    send("POST", base, make(record))
    return arrives(record)


def update(record):
    send("PATCH", url_of(record), make(record))
    return arrives(record)


def delete(record):
    send("DELETE", url_of(record), None)


main(add, delete, update)
