#!/usr/bin/env bash
# Airbyte CDK 7.39.1 (PyPI), the base of its low-code connectors.
#
# Setting: CursorPagination with `cursor_value: "{{ response.next }}"`, and an API that answers
# {"next": "2024_11"}, a JSON string without any other meaning than to be sent back.
#
# A good guess: what is sent back is the text 2024_11, since it is a string in the answer.
#
# Seen: 202411. What a template has made is read once more, as a literal of Python, and there an
# underscore groups digits. "1.10" becomes 1.1, "0x1F" 31, "1e5" 100000.0, and "{}" ends the
# paging as if there was no cursor. "0012" stays, since Python has no such number.
#
# Such a connector asks for another page than the API meant, and mostly gets an answer. A cursor
# that is text must stay text all the way.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check airbyte-cdk==7.39.1
cat >"$dir/cursors.py" <<'END'
import importlib.metadata
import json

import requests
from airbyte_cdk.sources.declarative.requesters.paginators.strategies import (
    cursor_pagination_strategy as strategies)

print("airbyte-cdk", importlib.metadata.version("airbyte-cdk"))
strategy = strategies.CursorPaginationStrategy(
    cursor_value="{{ response.next }}", config={}, parameters={})
for cursor in ["abc", "2024_11", "1.10", "0x1F", "1e5", "0012", "{}"]:
    response = requests.Response()
    response.status_code = 200
    response._content = json.dumps({"next": cursor}).encode()
    print(json.dumps({"next": cursor}), "->", repr(strategy.next_page_token(response, 1, None)))
END
"$dir/venv/bin/python" "$dir/cursors.py" 2>/dev/null | tee "$dir/seen"
diff "$dir/seen" - <<'END'
airbyte-cdk 7.39.1
{"next": "abc"} -> 'abc'
{"next": "2024_11"} -> 202411
{"next": "1.10"} -> 1.1
{"next": "0x1F"} -> 31
{"next": "1e5"} -> 100000.0
{"next": "0012"} -> '0012'
{"next": "{}"} -> None
END
echo "as seen"
