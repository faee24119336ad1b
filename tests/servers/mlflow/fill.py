import sys

from records import main, send

base = sys.argv[1] + "/api/2.0/mlflow/"
TAG = "odd"


def arrives(record):
    return {"name": record["name"], "description": record["note"] or None}


def add(record):
    odd = arrives(record)
    send("POST", base + "registered-models/create",
         {**odd, "tags": [{"key": "big", "value": str(record["big"])}]})
    send("POST", base + "runs/create", {
        "experiment_id": "0", "run_name": record["name"], "start_time": record["n"],
        "tags": [{"key": "mlflow.note.content", "value": record["note"]}] if record["note"] else []})
    return odd


def run_of(record):
    found = send("POST", base + "runs/search", {
        "experiment_ids": ["0"], "filter": f"attributes.start_time = {record['n']}"})
    return found["runs"][0]["info"]["run_id"]


def update(record):
    odd = arrives(record)
    send("PATCH", base + "registered-models/update", odd)
    return odd


def delete(record):
    send("DELETE", base + "registered-models/delete", {"name": record["name"]})


main(add, delete, update)
