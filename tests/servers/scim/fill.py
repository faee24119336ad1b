"""The records as users. An attribute that is null is as one that is absent, RFC 7643, section 2.5."""

import sys
import urllib.parse

from records import main, send

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
base = f"{sys.argv[1]}/Users"


def make(record):
    texts = {"userName": record["id"], "displayName": record["name"], "title": str(record["big"])}
    if record["note"]:
        texts["nickName"] = record["note"]
    return {"schemas": [USER], "active": record["flag"], **texts}


def arrives(record):
    return {"user_name": record["id"], "display_name": record["name"],
            "title": str(record["big"]), "active": record["flag"],
            "nick_name": record["note"] or None}


def add(record):
    send("POST", base, make(record))
    return arrives(record)


def url_of(record):
    query = urllib.parse.urlencode({"filter": f'userName eq "{record["id"]}"'})
    found = send("GET", f"{base}?{query}", None)["Resources"]
    return f"{base}/{found[0]['id']}"


def update(record):
    send("PUT", url_of(record), make(record))
    return arrives(record)


def delete(record):
    send("DELETE", url_of(record), None)


main(add, delete, update)
