#!/usr/bin/env bash
# python-iconv 1.1.4 (PyPI), over the iconv(3) of glibc 2.36.
#
# Setting: answers come in windows-1258 (Vietnamese), a code page of one byte a character, and each is
# converted by a call of one converter, which is kept.
#
# A good guess: a code page of single bytes has no state. What goes in comes out, "Ha" as "Ha", and two texts
# have nothing to do with each other. So it is with windows-1252.
#
# Seen: of "Ha" comes "H". An accent stands behind its letter there, so a letter is held back until the byte
# behind it is known; the call says that all was read. The "a" comes at the front of the next text. A text that
# ends with a brace or a line end is whole, and so nearly all are: a CSV without a line end at its end is not.
# windows-1255 (Hebrew) does the same.
#
# Who converts a text flushes behind it, for any code page: iconv() without input.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --no-deps --target "$dir/site" \
    python-iconv==1.1.4
PYTHONPATH=$dir/site python3 - <<'END' | tee "$dir/seen"
import iconv

def texts(page, *texts):
    converter = iconv.open("utf-8", page)
    print(page, *(repr(converter.iconv(text, 4 * len(text)).decode()) for text in texts))

texts("windows-1252", b"name\nHa", b"name\nHue")
texts("windows-1258", b"name\nHa", b"name\nHue")
texts("windows-1258", b"name\nHa\n", b"name\nHue\n")
texts("windows-1255", b"name\n\xe9", b"name\n\xe9")
END
diff "$dir/seen" - <<'END'
windows-1252 'name\nHa' 'name\nHue'
windows-1258 'name\nH' 'aname\nHu'
windows-1258 'name\nHa\n' 'name\nHue\n'
windows-1255 'name\n' 'יname\n'
END
echo "as seen"
