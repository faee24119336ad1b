import base64
import sys

from records import main_of_app


def arrives(record):
    node = {field: record[field] for field in ["name", "note", "amount", "nested"]}
    node["id"] = base64.b64encode(f"Odd:{record['id']}".encode()).decode()
    node["big"] = str(record["big"])
    return node


main_of_app(sys.argv[1] + "/change", arrives)
