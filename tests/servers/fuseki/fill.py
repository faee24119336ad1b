import json
import sys
import urllib.request

from records import main

FIELDS = ["n", "name", "note", "big", "amount", "grp"]
base = sys.argv[1] + "/odd/update"


def update_by(text):
    request = urllib.request.Request(base, text.encode(), {"Content-Type": "application/sparql-update"})
    urllib.request.urlopen(request).read()


def literal(value):
    return json.dumps(value, ensure_ascii=False)


def put(record):
    odd = {"id": "urn:odd:" + record["id"], **{field: record[field] for field in FIELDS}}
    facts = "; ".join(f"<urn:odd:{field}> {literal(odd[field])}" for field in FIELDS
                      if odd[field] is not None)
    delete(record)
    update_by(f"INSERT DATA {{ <{odd['id']}> {facts} }}")
    return odd


def delete(record):
    update_by(f"DELETE WHERE {{ <urn:odd:{record['id']}> ?p ?o }}")


main(put, delete)
