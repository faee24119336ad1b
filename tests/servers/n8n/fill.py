import os
import sys
import urllib.parse

from records import main, send

base = sys.argv[1] + "/api/v1/workflows"
auth = {"X-N8N-API-KEY": os.environ["N8N_KEY"]}


def make(record):
    """A workflow of one node, whose parameters are the record's."""
    parameters = {field: record[field] for field in ["n", "note", "amount", "grp", "flag"]}
    node = {"id": "odd", "name": "odd", "type": "n8n-nodes-base.set", "typeVersion": 1, "position": [0, 0],
            "parameters": {**parameters, "big": str(record["big"])}}
    return {"name": f"{record['id']} {record['name']}", "nodes": [node], "connections": {}, "settings": {}}


def arrives(workflow):
    values = workflow["nodes"][0]["parameters"]
    return {"name": workflow["name"], "note": values["note"], "big": int(values["big"]), "amount": values["amount"],
            "flag": values["flag"]}


def url_of(record):
    name = urllib.parse.quote(make(record)["name"], safe="")
    return f"{base}/{send('GET', f'{base}?name={name}', None, **auth)['data'][0]['id']}"


def add(record):
    send("POST", base, make(record), **auth)
    return arrives(make(record))


def update(record):
    send("PUT", url_of(record), make(record), **auth)
    return arrives(make(record))


def delete(record):
    send("DELETE", url_of(record), None, **auth)


main(add, delete, update)
