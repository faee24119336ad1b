import sys

from records import main, send

base = sys.argv[1] + "/odd"
PROPERTIES = {"id": {"type": "keyword"}, "big": {"type": "long"}, "nested": {"type": "object", "enabled": False}}


def put(record):
    """Its source is kept as it was sent."""
    send("PUT", f"{base}/_doc/{record['id']}", record)
    return record


def delete(record):
    send("DELETE", f"{base}/_doc/{record['id']}", None)


if sys.argv[-1] != "change":
    send("PUT", base, {"settings": {"number_of_shards": 2, "number_of_replicas": 0},
                       "mappings": {"properties": PROPERTIES}})
main(put, delete)
send("POST", base + "/_refresh", {})
