#!/usr/bin/env bash
# dlt 1.31.0 (PyPI), with its default names of columns.
#
# Setting: an API was renamed from camel case to snake case, and answers both for a while. The two
# fields of a record do not hold the same: {"userId": 1, "user_id": 2}.
#
# A good guess: the pipeline fails, since both names become `user_id`, or one of the columns gets
# another name. dlt takes care of names: it changes those that a database would not have.
#
# Seen: one column with the value of the field that comes last in the record. The other value is
# gone, from the table and from the files of the load, and nothing says so. So it is with
# "a.b" and "a_b". In another order of the fields the other value wins.
#
# Who makes names of names must look whether the name is taken.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check dlt==1.31.0
cat >"$dir/names.py" <<'END'
import glob
import gzip
import json
import sys

import dlt

folder = sys.argv[1]
records = [{"id": 1, "userId": 1, "user_id": 2}, {"id": 2, "user_id": 2, "userId": 1},
           {"id": 3, "a.b": 1, "a_b": 2}]
pipeline = dlt.pipeline("names", pipelines_dir=f"{folder}/pipelines", dataset_name="d",
                        destination=dlt.destinations.filesystem(f"file://{folder}/out"))
info = pipeline.run(records, table_name="t", loader_file_format="jsonl")
print("dlt", dlt.__version__, "failed jobs:", info.has_failed_jobs)
for name in glob.glob(f"{folder}/out/d/t/*"):
    text = open(name, "rb").read()
    text = gzip.decompress(text) if text[:2] == b"\x1f\x8b" else text
    for line in text.decode().splitlines():
        row = json.loads(line)
        print({name: row[name] for name in row if not name.startswith("_dlt")})
END
RUNTIME__DLTHUB_TELEMETRY=false "$dir/venv/bin/python" "$dir/names.py" "$dir" | tee "$dir/seen"
diff "$dir/seen" - <<'END'
dlt 1.31.0 failed jobs: False
{'id': 1, 'user_id': 2}
{'id': 2, 'user_id': 1}
{'id': 3, 'a_b': 2}
END
echo "as seen"
