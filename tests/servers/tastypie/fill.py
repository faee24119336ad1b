import sys

from records import main_of_app


def arrives(record):
    fields = ["id", "n", "name", "note", "big", "amount", "grp", "flag", "nested"]
    return {field: record[field] for field in fields}


main_of_app(sys.argv[1] + "/change", arrives)
