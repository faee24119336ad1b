#!/usr/bin/env bash
# Python's urllib.request (seen with 3.11), requests 2.34.2 (PyPI), HttpURLConnection and java.net.http of Java 17, and
# LWP 6.68 (Debian).
#
# Setting: an API streams 100 records, one a line. After 50 the connection ends, just behind a line. The answer had told
# its length, or it was chunked and has no last chunk.
#
# A good guess: the framing says that half is missing, so every client fails, however the body is read.
#
# Seen: read line by line, urllib.request gives 50 records and no error, with a length and in chunks. Read at once,
# the same answer is an IncompleteRead; by blocks, it depends on the framing. LWP says that both are a success.
# HttpURLConnection notices the missing chunk, and not the missing length. Lines hide what a broken JSON would show.
#
# Stream with a client that checks the end, or ask for a count of the records.
set -euo pipefail

dir=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check requests==2.34.2
(cd "$dir" && apt-get -qq -o APT::Sandbox::User=root download libwww-perl=6.68-1 libhttp-message-perl=6.44-1 \
    libhttp-date-perl=6.05-2 liburi-perl=5.17-1 libnet-http-perl=6.22-1 libencode-locale-perl=1.05-3 \
    liblwp-mediatypes-perl=6.04-2 libio-html-perl=1.004-3 libtry-tiny-perl=0.31-2 libclone-perl=0.46-1 \
    libtimedate-perl=2.3300-2)
for package in "$dir"/*.deb; do dpkg -x "$package" "$dir/root"; done

cat >"$dir/half.py" <<'END'
import socket

half = b"".join(b'{"id": %d}\n' % i for i in range(1, 51))
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    client, _ = listener.accept()
    head = client.recv(65536)
    client.sendall(b"HTTP/1.1 200 OK\r\n")
    if b"/length" in head:
        client.sendall(b"Content-Length: %d\r\n\r\n%s" % (2 * len(half), half))
    else:
        client.sendall(b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(half), half))
    client.close()
END
cat >"$dir/read.py" <<'END'
import sys
import urllib.request

import requests


def blocks(answer):
    return b"".join(iter(lambda: answer.read(64), b"")).splitlines()


for path in ("length", "chunks"):
    url = f"http://127.0.0.1:{sys.argv[1]}/{path}"
    for words, read in (
        ("urllib, at once", lambda: urllib.request.urlopen(url).read().splitlines()),
        ("urllib, by blocks", lambda: blocks(urllib.request.urlopen(url))),
        ("urllib, by lines", lambda: list(urllib.request.urlopen(url))),
        ("requests, by lines", lambda: list(requests.get(url, stream=True).iter_lines())),
    ):
        try:
            print(f"{path}: {words}: {len(read())} records")
        except Exception as error:
            print(f"{path}: {words}: {type(error).__name__}")
END
cat >"$dir/Read.java" <<'END'
import java.io.*;
import java.net.*;
import java.net.http.*;

class Read {
    interface Body { InputStream open(URI uri) throws Exception; }

    static void show(String words, String port, Body body) {
        for (var path : new String[] {"length", "chunks"}) {
            try (var in = body.open(URI.create("http://127.0.0.1:" + port + "/" + path))) {
                var lines = new BufferedReader(new InputStreamReader(in)).lines().count();
                System.out.println(path + ": " + words + ": " + lines + " records");
            } catch (Exception error) {
                System.out.println(path + ": " + words + ": " + error.getClass().getSimpleName());
            }
        }
    }

    public static void main(String[] args) {
        show("HttpURLConnection", args[0], uri -> uri.toURL().openStream());
        var client = HttpClient.newHttpClient();
        show("java.net.http", args[0], uri -> client.send(HttpRequest.newBuilder(uri).build(),
            HttpResponse.BodyHandlers.ofInputStream()).body());
    }
}
END
cat >"$dir/read.pl" <<'END'
use LWP::UserAgent;
for my $path ('length', 'chunks') {
    my $answer = LWP::UserAgent->new->get("http://127.0.0.1:$ARGV[0]/$path");
    my $records = () = $answer->content =~ /\n/g;
    print "$path: LWP: $records records", $answer->is_success ? ", a success" : "", "\n";
}
END
mkfifo "$dir/port"
python3 "$dir/half.py" >"$dir/port" &
server=$!
read -r port <"$dir/port"
{
    "$dir/venv/bin/python" "$dir/read.py" "$port"
    java "$dir/Read.java" "$port"
    PERL5LIB=$dir/root/usr/share/perl5:$dir/root/usr/lib/x86_64-linux-gnu/perl5/5.36 perl "$dir/read.pl" "$port"
} | tee "$dir/seen"
diff "$dir/seen" - <<'END'
length: urllib, at once: IncompleteRead
length: urllib, by blocks: 50 records
length: urllib, by lines: 50 records
length: requests, by lines: ChunkedEncodingError
chunks: urllib, at once: IncompleteRead
chunks: urllib, by blocks: IncompleteRead
chunks: urllib, by lines: 50 records
chunks: requests, by lines: ChunkedEncodingError
length: HttpURLConnection: 50 records
chunks: HttpURLConnection: UncheckedIOException
length: java.net.http: UncheckedIOException
chunks: java.net.http: UncheckedIOException
length: LWP: 50 records, a success
chunks: LWP: 50 records, a success
END
echo "as seen"
