import sys

from records import main, send

base = sys.argv[1] + "/v2/images"


def name_of(record):
    """A name has no letters beyond 16 bits."""
    return f"{record['id']} {record['name'].replace('🔑', 'key')}"


def arrives(record):
    return {"name": name_of(record), "visibility": "public", "min_disk": record["n"], "tags": [record["id"]],
            "note": record["note"] or "-", "big": str(record["big"]), "amount": str(record["amount"])}


def add(record):
    send("POST", base, arrives(record))
    return arrives(record)


def url_of(record):
    found = send("GET", f"{base}?tag={record['id']}", None)["images"]
    return f"{base}/{found[0]['id']}"


def update(record):
    image = arrives(record)
    changes = [{"op": "replace", "path": "/" + field, "value": image[field]} for field in ["note", "amount"]]
    send("PATCH", url_of(record), changes,
         **{"Content-Type": "application/openstack-images-v2.1-json-patch"})
    return image


def delete(record):
    send("DELETE", url_of(record), None)


main(add, delete, update)
