#!/usr/bin/env bash
# singer-python 6.8.0 (PyPI), its Transformer, which makes the records of a tap fit their schema.
#
# Setting: an API writes numbers as people of its country do, as texts, and knows times of day:
# "1,5", "1.234,50", "yes", "10:00". The schema says number, boolean, date-time.
#
# A good guess: what does not fit is a SchemaMismatch. The class has that error, and counts such
# fields for its last message.
#
# Seen: commas are taken out before a text is read as a number, so that "1,5" is 15.0 and
# "1.234,50" is 1.2345. 19.99 fits an integer and is 19. Texts other than "false" and "" are
# true: "no", "0". A time of day becomes a time of the day of the sync, so that each run has
# another value. None of them is counted.
#
# A value that is not of its type must be kept aside or refused, never read some other way.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check singer-python==6.8.0
cat >"$dir/transform.py" <<'END'
import datetime
import importlib.metadata

import singer

print("singer-python", importlib.metadata.version("singer-python"))
today = datetime.datetime.now().date()
for schema, value in [("number", "1.5"), ("number", "1,5"), ("number", "1.234,50"),
                      ("integer", 19.99), ("boolean", "false"), ("boolean", "no"),
                      ("boolean", "0"), ("date-time", "10:00"), ("number", "abc")]:
    words, schema = schema, {"type": schema}
    if words == "date-time":
        schema = {"type": "string", "format": "date-time"}
    try:
        seen = repr(singer.Transformer().transform(value, schema))
        for day in [today, today + datetime.timedelta(days=1)]:  # midnight may pass
            seen = seen.replace(day.isoformat(), "TODAY")
    except Exception as error:
        seen = type(error).__name__
    print(f"{words} {value!r} -> {seen}")
END
TZ=UTC "$dir/venv/bin/python" "$dir/transform.py" 2>/dev/null | tee "$dir/seen"
diff "$dir/seen" - <<'END'
singer-python 6.8.0
number '1.5' -> 1.5
number '1,5' -> 15.0
number '1.234,50' -> 1.2345
integer 19.99 -> 19
boolean 'false' -> False
boolean 'no' -> True
boolean '0' -> True
date-time '10:00' -> 'TODAYT10:00:00.000000Z'
number 'abc' -> SchemaMismatch
END
echo "as seen"
