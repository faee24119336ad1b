import sys

from records import records, send, show

LABELS = ["zebra", "under_score", "10", "9", "slash/ed", "xn--nal-goa", "-", "UPPER", "r"]
base = sys.argv[1] + "/api/v1/servers/localhost/zones"
for record in records():
    name = f"{LABELS[record['n'] % len(LABELS)]}.{record['id']}.example."
    zone = send("POST", base, {"name": name, "kind": "Native", "nameservers": []},
                **{"X-API-Key": "odd"})
    show({"id": zone["id"], "name": name.lower()})
