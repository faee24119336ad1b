"""The records as users. An attribute that is null is as one that is absent, RFC 7643, section 2.5."""

import sys

from records import records, send, show

USER = "urn:ietf:params:scim:schemas:core:2.0:User"

for record in records():
    texts = {"userName": record["id"], "displayName": record["name"], "title": str(record["big"])}
    if record["note"]:
        texts["nickName"] = record["note"]
    send("POST", f"{sys.argv[1]}/Users", {"schemas": [USER], "active": record["flag"], **texts})
    show({"user_name": record["id"], "display_name": record["name"], "title": str(record["big"]),
          "active": record["flag"], "nick_name": record["note"] or None})
