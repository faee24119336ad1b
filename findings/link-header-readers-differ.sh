#!/usr/bin/env bash
# Requests 2.34.2 (PyPI), parse-link-header 2.0.0 and Octokit's paginate (npm,
# @octokit/plugin-paginate-rest 16.0.0), three readers of the Link header.
#
# Setting: eight ways to say that page 2 is next. All are valid by RFC 8288: a parameter may come
# before `rel`, its value may be a bare word, names of parameters have no case, one `rel` may
# hold several types, and of two `rel` the first counts.
#
# A good guess: a library that is there for it follows all eight, or says that it cannot.
#
# Seen: none does, and none says so. Octokit's pattern wants `; rel="next"`, written just so,
# right behind the URL: six of the eight are its end. Requests ends at "next last" and at a semicolon within a
# title, follows what is in angle brackets within a title, and takes the second `rel`.
# parse-link-header takes that too, follows the title's brackets, and wants `rel` in lower case.
#
# A walk that ends here has one page, status 200, and no error. Parse the header by its grammar.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check requests==2.34.2
npm install --silent --no-audit --no-fund --prefix "$dir" parse-link-header@2.0.0 \
    @octokit/core@7.0.8 @octokit/plugin-paginate-rest@16.0.0

cat >"$dir/forms" <<'END'
<URL>; rel="next"
<URL>; rel=next
<URL>; title="2"; rel="next"
<URL>; title="2; 3"; rel="next"
<URL>; title="2, <b>"; rel="next"
<URL>; rel="next last"
<URL>; REL="next"
<URL>; rel="next"; rel="prev"
END

cat >"$dir/python.py" <<'END'
import sys

import requests

for form in open(sys.argv[1]):
    response = requests.Response()
    response.headers["Link"] = form.strip().replace("URL", "page 2")
    print(response.links.get("next", {}).get("url", "the end"))
END

cat >"$dir/javascript.mjs" <<'END'
import {readFileSync} from 'node:fs';
import parse from 'parse-link-header';
import {Octokit} from '@octokit/core';
import {paginateRest} from '@octokit/plugin-paginate-rest';

const forms = readFileSync(process.argv[2], 'utf8').trim().split('\n');
const Client = Octokit.plugin(paginateRest);

// Answers by itself: the first page with the header, then one without.
async function octokit(form) {
    const link = form.replace('URL', 'http://127.0.0.1/items?page=2');
    const answer = url => new Response('[{}]', {headers: {
        'content-type': 'application/json', ...(url.endsWith('page=2') ? {} : {link})}});
    const client = new Client({request: {fetch: async url => answer(url)}});
    const records = await client.paginate('GET /items');
    return records.length === 2 ? 'page 2' : 'the end';
}

for (const form of forms)
    console.log([parse(form.replace('URL', 'page 2'))?.next?.url ?? 'the end',
        await octokit(form)].join('\t'));
END

printf 'header\trequests\tparse-link-header\toctokit\n' >"$dir/seen"
paste "$dir/forms" <("$dir/venv/bin/python" "$dir/python.py" "$dir/forms") \
    <(node "$dir/javascript.mjs" "$dir/forms") >>"$dir/seen"
column -t -s $'\t' "$dir/seen" | tee "$dir/table"
diff "$dir/table" - <<'END'
header                             requests  parse-link-header  octokit
<URL>; rel="next"                  page 2    page 2             page 2
<URL>; rel=next                    page 2    page 2             the end
<URL>; title="2"; rel="next"       page 2    page 2             the end
<URL>; title="2; 3"; rel="next"    the end   page 2             the end
<URL>; title="2, <b>"; rel="next"  b         b                  the end
<URL>; rel="next last"             the end   page 2             the end
<URL>; REL="next"                  the end   the end            the end
<URL>; rel="next"; rel="prev"      the end   the end            page 2
END
echo "as seen"
