import os
import sys

from records import main, send

base = sys.argv[1] + "/api/v1"
issues = base + "/repos/odd/odd/issues"
auth = {"Authorization": "token " + os.environ["GITEA_TOKEN"]}


def make(record):
    """Each third issue is closed."""
    return {"title": f"{record['n']} {record['name']}", "body": record["note"] or "",
            "state": "closed" if record["flag"] else "open", "ref": str(record["big"])}


def arrives(issue):
    return {**issue, "title": issue["title"].strip()}


def add(record):
    issue = make(record)
    number = send("POST", issues, {**issue, "closed": record["flag"]}, **auth)["number"]
    assert number == record["n"], number
    return arrives(issue)


def update(record):
    issue = make(record)
    send("PATCH", f"{issues}/{record['n']}", issue, **auth)
    return arrives(issue)


def delete(record):
    send("DELETE", f"{issues}/{record['n']}", None, **auth)


if sys.argv[-1] != "change":
    send("POST", base + "/user/repos", {"name": "odd"}, **auth)
main(add, delete, update)
