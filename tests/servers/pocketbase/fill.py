import sys

from records import records, send, show

base = sys.argv[1] + "/api/collections"
login = send("POST", f"{base}/_superusers/auth-with-password",
             {"identity": "odd@example.org", "password": "0123456789"})
token = {"Authorization": login["token"]}
kinds = {"n": "number", "name": "text", "note": "text", "big": "number", "amount": "number",
         "grp": "number", "flag": "bool", "nested": "json"}
fields = [{"name": name, "type": kind} for name, kind in kinds.items()]
send("POST", base, {"name": "records", "type": "base", "listRule": "", "fields": fields}, **token)
for record in records():
    odd = {field: record[field] for field in kinds}
    odd["id"] = record["id"].replace("-", "0").ljust(15, "x")
    send("POST", f"{base}/records/records", odd, **token)
    # The server keeps numbers as doubles, and has no null.
    odd["big"] = int(float(odd["big"]))
    odd["note"] = odd["note"] or ""
    odd["nested"]["deep"]["big"] = int(float(odd["nested"]["deep"]["big"]))
    show(odd)
