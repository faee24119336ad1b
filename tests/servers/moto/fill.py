import os
import sys

from records import records, send, show


def ask(action, body):
    send("POST", sys.argv[1], body, **{"X-Amz-Target": f"DynamoDB_20120810.{action}",
                                       "Authorization": os.environ["SIGNED"],
                                       "Content-Type": "application/x-amz-json-1.0"})


ask("CreateTable", {"TableName": "records", "BillingMode": "PAY_PER_REQUEST",
                    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]})
for record in records():
    note = {"NULL": True} if record["note"] is None else {"S": record["note"]}
    ask("PutItem", {"TableName": "records", "Item": {
        "id": {"S": record["id"]}, "name": {"S": record["name"]}, "note": note,
        "big": {"N": str(record["big"])}, "amount": {"N": str(record["amount"])},
        "flag": {"BOOL": record["flag"]}}})
    show({field: record[field] for field in ["id", "name", "note", "big", "amount", "flag"]})
