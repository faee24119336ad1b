import pathlib
import sys

from records import main, send

base, store = sys.argv[1] + "/stores", pathlib.Path(sys.argv[2])
MODEL = {"schema_version": "1.1", "type_definitions": [
    {"type": "user"},
    {"type": "record", "relations": {name: {"this": {}} for name in ["viewer", "editor"]},
     "metadata": {"relations": {name: {"directly_related_user_types": [{"type": "user"}]}
                                for name in ["viewer", "editor"]}}}]}


def make(record, note):
    """A tuple holds words of its own, without blanks: the note decides the relation."""
    return {"user": f"user:ü-{record['n']}", "object": f"record:{record['id']}",
            "relation": "editor" if note == "changed" else "viewer"}


def write(**what):
    send("POST", f"{base}/{store.read_text()}/write",
         {kind: {"tuple_keys": [one]} for kind, one in what.items()})


def add(record):
    write(writes=make(record, ""))
    return make(record, "")


def update(record):
    write(deletes=make(record, ""))
    write(writes=make(record, "changed"))
    return make(record, "changed")


def delete(record):
    write(deletes=make(record, ""))


if sys.argv[-1] != "change":
    store.write_text(send("POST", base, {"name": "odd"})["id"])
    send("POST", f"{base}/{store.read_text()}/authorization-models", MODEL)
main(add, delete, update)
