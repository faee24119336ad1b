import sys

from records import main_of_app


def arrives(one):
    return {"id": "oai:odd:" + one["id"], "title": one["name"], "description": one["note"] or None,
            "big": one["big"]}


main_of_app(sys.argv[1] + "/oai", arrives)
