import json
import os
import sys
import urllib.request

from records import main, send

base = sys.argv[1] + "/v3"


def log_in():
    user = {"name": "admin", "domain": {"id": "default"}, "password": os.environ["KEYSTONE_PASSWORD"]}
    body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}},
                     "scope": {"project": {"name": "admin", "domain": {"id": "default"}}}}}
    request = urllib.request.Request(base + "/auth/tokens", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return {"X-Auth-Token": answer.headers["X-Subject-Token"]}


token = log_in()


def make(record):
    """A name may not begin or end with a blank."""
    return {"name": f"{record['id']} {record['name'].strip()}", "enabled": record["flag"],
            "description": record["note"] or "", "tags": [f"n{record['n']}"]}


def add(record):
    project = make(record)
    send("POST", base + "/projects", {"project": project}, **token)
    return project


def url_of(record):
    found = send("GET", f"{base}/projects?tags=n{record['n']}", None, **token)["projects"]
    return f"{base}/projects/{found[0]['id']}"


def update(record):
    project = make(record)
    send("PATCH", url_of(record), {"project": project}, **token)
    return project


def delete(record):
    send("DELETE", url_of(record), None, **token)


main(add, delete, update)
