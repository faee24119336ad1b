import base64
import hashlib
import sys

from records import main, send

base = sys.argv[1]
DATA = b"odd"


def put(record):
    """A package of one version; to alter it is to publish another one."""
    name, is_changed = "odd-" + record["id"], record["note"] == "changed"
    version = "2.0.0" if is_changed else "1.0.0"
    file = f"{name}-{version}.tgz"
    about = {"name": name, "version": version, "description": record["name"] + " changed" * is_changed}
    dist = {"shasum": hashlib.sha1(DATA).hexdigest(), "tarball": f"{base}/{name}/-/{file}"}
    send("PUT", f"{base}/{name}", {
        "_id": name, "name": name, "description": about["description"], "dist-tags": {"latest": version},
        "versions": {version: {**about, "_id": f"{name}@{version}", "dist": dist}},
        "_attachments": {file: {"content_type": "application/octet-stream",
                                "data": base64.b64encode(DATA).decode(), "length": len(DATA)}}})
    return {"name": name, "description": about["description"]}


def delete(record):
    name = "odd-" + record["id"]
    rev = send("GET", f"{base}/{name}", None)["_rev"]
    send("DELETE", f"{base}/{name}/-rev/{rev}", None)


main(put, delete)
