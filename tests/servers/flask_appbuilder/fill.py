import sys

from records import main_of_app

FIELDS = ["id", "n", "name", "note", "big", "amount", "grp", "flag"]
main_of_app(sys.argv[1] + "/change", lambda one: {field: one[field] for field in FIELDS})
