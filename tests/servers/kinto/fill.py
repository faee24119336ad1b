import sys

from records import records, send, show

base = sys.argv[1] + "/v1/buckets/b"
send("PUT", base, {})
send("PUT", f"{base}/collections/c", {})
for record in records():
    send("PUT", f"{base}/collections/c/records/{record['id']}", {"data": record})
    show(record)
