import base64

from records import records, show

for record in records():
    node = {field: record[field] for field in ["name", "note", "amount", "nested"]}
    node["id"] = base64.b64encode(f"Odd:{record['id']}".encode()).decode()
    node["big"] = str(record["big"])
    show(node)
