import sys

from records import main, send

base = sys.argv[1] + "/fhir/Patient/"


def put(record):
    """Values of fields of its own are extensions, without a blank at an end, and not empty."""
    values = [{"url": "urn:big", "valueDecimal": record["big"]},
              {"url": "urn:amount", "valueDecimal": round(record["amount"], 2)},
              {"url": "urn:note", "valueString": record["note"] or "-"}]
    send("PUT", base + record["id"], {"resourceType": "Patient", "id": record["id"], "active": record["flag"],
                                      "name": [{"family": record["name"].strip()}], "extension": values})
    return {"id": record["id"], "resourceType": "Patient", "active": record["flag"],
            "family": record["name"].strip(), "big": record["big"],
            "amount": round(record["amount"], 2), "note": record["note"] or "-"}


def delete(record):
    send("DELETE", base + record["id"], None)


main(put, delete)
