import sys

from records import main, send

base = sys.argv[1] + "/v1/buckets/b"
of_records = f"{base}/collections/c/records/"


def put(record):
    send("PUT", of_records + record["id"], {"data": record})
    return record


def delete(record):
    send("DELETE", of_records + record["id"], None)


if sys.argv[-1] != "change":
    send("PUT", base, {})
    send("PUT", f"{base}/collections/c", {})
main(put, delete)
