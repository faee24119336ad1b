import sys

from records import main, send

base = sys.argv[1] + "/solr/odd/update?commit=true"
FIELDS = ["id", "n", "name", "note", "big", "amount", "grp", "flag"]


def put(record):
    one = {field: record[field] for field in FIELDS}
    send("POST", base, [one])
    return one


def delete(record):
    send("POST", base, {"delete": record["id"]})


main(put, delete)
