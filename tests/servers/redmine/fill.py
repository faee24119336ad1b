import os
import sys

from records import main, send

base = sys.argv[1]
auth = {"X-Redmine-API-Key": os.environ["REDMINE_KEY"]}
STATUSES = [1, 5]  # new, closed


def make(record):
    return {"subject": f"{record['n']} {record['name']}".strip(), "description": (record["note"] or "").replace("\n", "\r\n"),
            "estimated_hours": record["amount"], "status_id": STATUSES[record["flag"]],
            "custom_fields": [{"id": 1, "value": record["id"]}, {"id": 2, "value": str(record["big"])}]}


def arrives(issue):
    return {"code": issue["custom_fields"][0]["value"], "big": int(issue["custom_fields"][1]["value"]),
            "subject": issue["subject"], "description": issue["description"],
            "estimated_hours": issue["estimated_hours"], "status": issue["status_id"]}


def url_of(record):
    found = send("GET", f"{base}/issues.json?status_id=*&cf_1={record['id']}", None, **auth)
    return f"{base}/issues/{found['issues'][0]['id']}.json"


def add(record):
    issue = make(record)
    issue = {**issue, "project_id": 1, "tracker_id": 1}
    made = send("POST", base + "/issues.json", {"issue": issue}, **auth)["issue"]
    if issue["status_id"] != STATUSES[0]:  # a new one is open
        send("PUT", f"{base}/issues/{made['id']}.json", {"issue": {"status_id": issue["status_id"]}}, **auth)
    return arrives(issue)


def update(record):
    issue = make(record)
    send("PUT", url_of(record), {"issue": issue}, **auth)
    return arrives(issue)


def delete(record):
    send("DELETE", url_of(record), None, **auth)


main(add, delete, update)
