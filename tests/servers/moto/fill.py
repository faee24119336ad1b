import os
import sys

from records import main, send


def ask(action, body):
    send("POST", sys.argv[1], body, **{"X-Amz-Target": f"DynamoDB_20120810.{action}",
                                       "Authorization": os.environ["SIGNED"],
                                       "Content-Type": "application/x-amz-json-1.0"})


def put(record):
    note = {"NULL": True} if record["note"] is None else {"S": record["note"]}
    ask("PutItem", {"TableName": "records", "Item": {
        "id": {"S": record["id"]}, "name": {"S": record["name"]}, "note": note,
        "big": {"N": str(record["big"])}, "amount": {"N": str(record["amount"])},
        "flag": {"BOOL": record["flag"]}}})
    return {field: record[field] for field in ["id", "name", "note", "big", "amount", "flag"]}


def delete(record):
    ask("DeleteItem", {"TableName": "records", "Key": {"id": {"S": record["id"]}}})


if sys.argv[-1] != "change":
    ask("CreateTable", {"TableName": "records", "BillingMode": "PAY_PER_REQUEST",
                        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]})
main(put, delete)
