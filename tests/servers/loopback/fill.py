import sys

from records import main, rounded, send

of_records = sys.argv[1] + "/api/records"


def put(record):
    send("PUT", of_records, record)
    return rounded(record)


def delete(record):
    send("DELETE", f"{of_records}/{record['id']}", None)


main(put, delete)
