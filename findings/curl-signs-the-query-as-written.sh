#!/usr/bin/env bash
# curl 7.88.1 (libcurl of Debian 12) beside botocore 1.40.0 (PyPI), AWS' own client.
#
# Setting: requests to AWS are signed (Signature Version 4). libcurl does it by
# CURLOPT_AWS_SIGV4, curl by --aws-sigv4. The API takes the parameters of a query in any order.
#
# A good guess: a query is signed as AWS computes it: sorted by name, and `flag` as `flag=`.
#
# Seen: libcurl signs the query as it is written. Where that is in another order, or a parameter
# has no '=', AWS refuses the request with 403, SignatureDoesNotMatch; the same request with its
# parameters in the order of their names is taken. So a list's first page (`list-type=2`) works, and
# the next, with `continuation-token` behind it, does not.
#
# Who signs by libcurl sorts the query first, or signs by hand (four HMACs).
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check botocore==1.40.0
cat >"$dir/sign.py" <<'END'
import http.server
import re
import subprocess
import threading

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


class Seen(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        Seen.last = self.path, dict(self.headers.items())
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Seen)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_address[1]}"
auth = SigV4Auth(Credentials("AKID", "secret"), "service", "us-east-1")


def wanted(path, headers):
    request = AWSRequest("GET", base + path, headers={"X-Amz-Date": headers["X-Amz-Date"]})
    request.context["timestamp"] = headers["X-Amz-Date"]
    return auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)


print(subprocess.run(["curl", "--version"], capture_output=True, text=True).stdout.split(" (")[0])
for query in "a=1&b=2", "b=2&a=1", "a=1&flag=", "a=1&flag":
    sign = ["--aws-sigv4", "aws:amz:us-east-1:service", "--user", "AKID:secret"]
    subprocess.run(["curl", "--silent", *sign, f"{base}/list?{query}"], check=True)
    path, headers = Seen.last
    got = re.search("Signature=([0-9a-f]+)", headers["Authorization"])[1]
    print(f"{query}:", "right" if got == wanted(path, headers) else "refused")
END
"$dir/venv/bin/python" "$dir/sign.py" | tee "$dir/seen"
diff "$dir/seen" - <<'END'
curl 7.88.1
a=1&b=2: right
b=2&a=1: refused
a=1&flag=: right
a=1&flag: refused
END
echo "as seen"
