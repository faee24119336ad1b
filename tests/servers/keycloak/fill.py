import json
import os
import sys
import urllib.parse
import urllib.request

from records import main, send

base = sys.argv[1] + "/admin/realms"


def log_in():
    form = {"grant_type": "password", "client_id": "admin-cli", "username": "odd",
            "password": os.environ["KEYCLOAK_PASSWORD"]}
    url = sys.argv[1] + "/realms/master/protocol/openid-connect/token"
    with urllib.request.urlopen(url, urllib.parse.urlencode(form).encode()) as answer:
        return {"Authorization": "Bearer " + json.load(answer)["access_token"]}


def make_realm():
    """Users may have fields that are not in its profile, and the token is good for the run."""
    send("PUT", base + "/master", {"accessTokenLifespan": 3600}, **log_in())
    token = log_in()
    send("POST", base, {"realm": "odd", "enabled": True, "ssoSessionMaxLifespan": 36000}, **token)
    profile = send("GET", base + "/odd/users/profile", None, **token)
    profile["unmanagedAttributePolicy"] = "ENABLED"
    send("PUT", base + "/odd/users/profile", profile, **token)
    return token


def make(record):
    """Values of fields of its own are texts, which may not be empty."""
    return {"username": record["id"], "firstName": f"{record['n']} Ünal",
            "email": f"{record['id']}@example.org",
            "attributes": {"name": [f"<{record['name']}>"], "note": [record["note"] or "-"],
                           "big": [str(record["big"])], "amount": [str(record["amount"])]}}


def arrives(user):
    amount = float(user["attributes"]["amount"][0])
    return {"username": user["username"], "first_name": user["firstName"], "email": user["email"],
            "name": user["attributes"]["name"][0], "note": user["attributes"]["note"][0],
            "big": int(user["attributes"]["big"][0]), "amount": amount}


def add(record):
    user = make(record)
    send("POST", base + "/odd/users", {**user, "enabled": True}, **token)
    return arrives(user)


def url_of(record):
    found = send("GET", f"{base}/odd/users?exact=true&username={record['id']}", None, **token)
    return f"{base}/odd/users/{found[0]['id']}"


def update(record):
    user = make(record)
    send("PUT", url_of(record), {**user, "enabled": True}, **token)
    return arrives(user)


def delete(record):
    send("DELETE", url_of(record), None, **token)


token = log_in() if sys.argv[-1] == "change" else make_realm()
main(add, delete, update)
