#!/usr/bin/env bash
# dlt 1.31.0 (PyPI), with a resource that is incremental by a time.
#
# Setting: an API writes times as RFC 3339 has them and leaves out the zeros at the end, as JSON
# made by Go does: 10:00:00Z, then 10:00:00.25Z, then 10:00:00.5Z. Three runs, each of which is
# given just what is new.
#
# A good guess: the field is a time, so that the place reached is the latest time, and all five
# records arrive. The column is made a timestamp, after all.
#
# Seen: the place reached is the greatest text, and "." sorts before "Z". After 10:00:00Z every
# later record of the same second counts as older than the place reached, and is dropped: 3 of 5,
# no error, no warning. The next full second goes on as if nothing was.
#
# A cursor that is a time must be compared as a time.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check dlt==1.31.0
cat >"$dir/runs.py" <<'END'
import sys

import dlt


@dlt.resource(name="t", primary_key="id")
def items(page, updated=dlt.sources.incremental("updated_at")):
    yield page


def run(*records):
    page = [{"id": n, "updated_at": f"2024-05-01T{time}"} for n, time in records]
    pipeline.run(items(page), loader_file_format="jsonl")
    rows = pipeline.last_trace.last_normalize_info.row_counts.get("t", 0)
    state = pipeline.state["sources"]["cursor"]["resources"]["t"]["incremental"]
    print(*[time for _, time in records], "->", rows, "rows, then since",
          state["updated_at"]["last_value"][11:])


folder = sys.argv[1]
pipeline = dlt.pipeline("cursor", pipelines_dir=f"{folder}/pipelines", dataset_name="d",
                        destination=dlt.destinations.filesystem(f"file://{folder}/out"))
print("dlt", dlt.__version__)
run((1, "10:00:00Z"), (2, "10:00:00.25Z"))
run((3, "10:00:00.5Z"), (4, "10:00:00.75Z"))
run((5, "10:00:01Z"))
print("type:", pipeline.default_schema.tables["t"]["columns"]["updated_at"]["data_type"])
END
RUNTIME__DLTHUB_TELEMETRY=false "$dir/venv/bin/python" "$dir/runs.py" "$dir" | tee "$dir/seen"
diff "$dir/seen" - <<'END'
dlt 1.31.0
10:00:00Z 10:00:00.25Z -> 2 rows, then since 10:00:00Z
10:00:00.5Z 10:00:00.75Z -> 0 rows, then since 10:00:00Z
10:00:01Z -> 1 rows, then since 10:00:01Z
type: timestamp
END
echo "as seen"
