#!/usr/bin/env bash
# botocore 1.44.8 (PyPI), the core of boto3 and of the AWS command line.
#
# Setting: the top of a bucket is listed with `Delimiter="/"`, which makes files `Contents` and folders
# `CommonPrefixes`. A job takes MaxItems at a time, and goes on later from NextToken, given back as
# StartingToken. A page of the server's has four names, of both kinds, in the order of letters.
#
# A good guess: the parts put together are the list, each name once, whatever MaxItems is.
#
# Seen: with four items at a time the four folders of page 2 never come. The first page after a
# StartingToken has its folders taken out, since they came before if the last part had ended within that page.
# It has ended just before it: nothing of the page has come. With three at a time all is there. There is no error,
# and the last part has no token.
#
# Keep the server's own token, and not the paginator's, as the place to go on from.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check botocore==1.44.8
cat >"$dir/parts.py" <<'END'
import http.server
import threading
import urllib.parse

import botocore
import botocore.session

NAMES = ["a1", "a2", "a3", "a4", "b1/", "b2/", "b3/", "b4/", "c1", "c2", "c3", "d/"]


class Bucket(http.server.BaseHTTPRequestHandler):
    """ListObjectsV2: a token is the last name of the page before."""

    def do_GET(self):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        left = [name for name in NAMES if name > query.get("continuation-token", "")]
        page, more = left[:int(query["max-keys"])], len(left) > int(query["max-keys"])
        body = f"<IsTruncated>{str(more).lower()}</IsTruncated>"
        body += f"<NextContinuationToken>{page[-1]}</NextContinuationToken>" if more else ""
        for name in page:
            body += (f"<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>" if name.endswith("/")
                     else f"<Contents><Key>{name}</Key></Contents>")
        body = f"<ListBucketResult>{body}</ListBucketResult>".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = botocore.session.get_session().create_client(
    "s3", region_name="us-east-1", aws_access_key_id="me", aws_secret_access_key="word",
    endpoint_url=f"http://127.0.0.1:{server.server_port}")
print("botocore", botocore.__version__)
for most in (3, 4, 5):
    seen, token = [], None
    print(f"MaxItems {most}:", end="")
    while True:
        part = client.get_paginator("list_objects_v2").paginate(
            Bucket="b", Delimiter="/",
            PaginationConfig={"MaxItems": most, "PageSize": 4, "StartingToken": token},
        ).build_full_result()
        names = [x["Key"] for x in part.get("Contents", [])]
        names += [x["Prefix"] for x in part.get("CommonPrefixes", [])]
        print("", *names, end=" |")
        seen += names
        token = part.get("NextToken")
        if not token:
            break
    print(" never:", *(name for name in NAMES if name not in seen))
END
AWS_EC2_METADATA_DISABLED=true "$dir/venv/bin/python" "$dir/parts.py" | tee "$dir/seen"
diff "$dir/seen" - <<'END'
botocore 1.44.8
MaxItems 3: a1 a2 a3 | a4 c1 c2 b1/ b2/ b3/ b4/ d/ | c3 | never:
MaxItems 4: a1 a2 a3 a4 | c1 c2 c3 d/ | never: b1/ b2/ b3/ b4/
MaxItems 5: a1 a2 a3 a4 c1 b1/ b2/ b3/ b4/ d/ | c2 c3 | never:
END
echo "as seen"
