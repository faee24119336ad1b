import sys
import time
import urllib.error
import urllib.request

from records import main, send

base = sys.argv[1] + "/apis/"
records = base + "odd.example.org/v1/namespaces/odd/records"
FIELDS = ["n", "name", "note", "big", "amount", "grp", "flag", "nested"]
KIND = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "records.odd.example.org"},
    "spec": {"group": "odd.example.org", "scope": "Namespaced",
             "names": {"plural": "records", "singular": "record", "kind": "Record", "listKind": "RecordList"},
             "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
                 "type": "object", "properties": {"spec": {
                     "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}}}]}}


def make_kind():
    """It is there some moments later."""
    send("POST", base + "apiextensions.k8s.io/v1/customresourcedefinitions", KIND)
    for _ in range(100):
        try:
            return urllib.request.urlopen(records).close()
        except urllib.error.HTTPError:
            time.sleep(0.2)
    raise SystemExit("the kind does not come")


def arrives(record):
    return {"name": record["id"], "namespace": "odd", "kind": "Record", "apiVersion": "odd.example.org/v1", "n": record["n"],
            "label": record["name"], "note": record["note"], "big": record["big"], "amount": record["amount"]}


def add(record):
    send("POST", records, {"apiVersion": "odd.example.org/v1", "kind": "Record", "metadata": {"name": record["id"]},
                           "spec": {field: record[field] for field in FIELDS}})
    return arrives(record)


def update(record):
    send("PATCH", f"{records}/{record['id']}", {"spec": {field: record[field] for field in FIELDS}},
         **{"Content-Type": "application/merge-patch+json"})
    return arrives(record)


def delete(record):
    send("DELETE", f"{records}/{record['id']}", None)


if sys.argv[-1] != "change":
    make_kind()
main(add, delete, update)
