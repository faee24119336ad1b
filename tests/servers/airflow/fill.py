import os
import sys

from records import main, record as first, send

base = sys.argv[1] + "/api/v2/dags/odd/dagRuns"
token = {"Authorization": "Bearer " + os.environ["AIRFLOW_TOKEN"]}
FIELDS = ["n", "name", "big", "amount", "flag", "empty", "nested"]


def arrives(record, state):
    """What a run was started with stays as it was, its note and state do not."""
    return {"dag_id": "odd", "dag_run_id": record["id"], "note": record["note"] or None, "state": state,
            "conf": {field: record[field] for field in FIELDS}}


def add(record):
    one = arrives(record, "queued")
    send("POST", base, {"logical_date": None, "dag_run_id": record["id"], "note": record["note"],
                        "conf": one["conf"]}, **token)
    return one


def update(record):
    send("PATCH", f"{base}/{record['id']}", {"note": record["note"], "state": "success"}, **token)
    return {**arrives(record, "success"), "conf": arrives(first(record["n"]), "")["conf"]}


def delete(record):
    send("DELETE", f"{base}/{record['id']}", None, **token)


main(add, delete, update)
