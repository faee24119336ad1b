import os
import sys
import urllib.parse

from records import main, send

base = sys.argv[1] + "/hub/api/groups/"
token = {"Authorization": "token " + os.environ["JUPYTERHUB_TOKEN"]}


def url_of(record):
    return base + urllib.parse.quote(record["name"], safe="")


def make(record):
    properties = {field: record[field] for field in ["n", "note", "big", "amount", "nested"]}
    return {"name": record["name"], "properties": properties}


def add(record):
    send("POST", url_of(record), {}, **token)
    return update(record)


def update(record):
    send("PUT", url_of(record) + "/properties", make(record)["properties"], **token)
    return make(record)


def delete(record):
    send("DELETE", url_of(record), None, **token)


main(add, delete, update)
