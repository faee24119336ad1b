#!/usr/bin/env bash
# libcurl 8.23.0 (PyPI pycurl 7.49.0), requests 2.34.2, httpx 0.28.1 (PyPI), undici 7.30.2 (npm), OkHttp 4.12.0 (Maven),
# HttpURLConnection and java.net.http of Java 17.
#
# Setting: a client asks for a list, and then adds an order by POST on the connection that was kept. The server stores
# the order and is restarted before it answers: the connection ends. Nothing is set up for retries.
#
# A good guess: whoever sends anew on a connection that had died meanwhile, does it for GET. A POST that was sent to its
# last byte fails, and the caller decides.
#
# Seen: libcurl, OkHttp and HttpURLConnection send the POST once more on a new connection, and report that answer alone:
# 201, and there are two orders. A server that closes every time gets two as well. The other four
# report an error, and there is one.
#
# CURLOPT_FRESH_CONNECT, or OkHttp's retryOnConnectionFailure(false), for what must be done once; or a key
# by which the server knows it again.
set -euo pipefail

dir=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check pycurl==7.49.0 requests==2.34.2 httpx==0.28.1
npm install --silent --no-audit --no-fund --prefix "$dir" undici@7.30.2
for artifact in com.squareup.okhttp3:okhttp:4.12.0 com.squareup.okio:okio-jvm:3.9.0 \
    org.jetbrains.kotlin:kotlin-stdlib:1.9.24; do
    mvn -B -q dependency:copy -Dartifact="$artifact" -DoutputDirectory="$dir/jars" >/dev/null 2>&1
done

cat >"$dir/orders.py" <<'END'
import collections
import http.server

orders = collections.Counter()


class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200, str(orders[self.path]))

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        orders[self.path] += 1
        if orders[self.path] > 1:
            self.answer(201, "")
        else:
            self.close_connection = True

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *words):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
print(server.server_port, flush=True)
server.serve_forever()
END
cat >"$dir/send.py" <<'END'
import sys
import urllib.request

import httpx
import pycurl
import requests

base = f"http://127.0.0.1:{sys.argv[1]}/"


def show(words, post):
    url = base + words
    try:
        seen = post(url)
    except Exception as error:
        seen = type(error).__name__
    print(f"{words}: the client saw {seen}, the server {urllib.request.urlopen(url).read().decode()}")


def of_curl(url):
    curl = pycurl.Curl()
    curl.setopt(pycurl.WRITEFUNCTION, lambda body: None)
    curl.setopt(pycurl.URL, url)
    curl.perform()
    curl.setopt(pycurl.POSTFIELDS, "order")
    curl.perform()
    return curl.getinfo(pycurl.RESPONSE_CODE)


def of_session(session):
    return lambda url: session.get(url) and session.post(url, data={"order": 1}).status_code


show("libcurl", of_curl)
show("requests", of_session(requests.Session()))
show("httpx", of_session(httpx.Client()))
END
cat >"$dir/send.mjs" <<'END'
import {fetch} from 'undici'

const url = `http://127.0.0.1:${process.argv[2]}/undici`
await (await fetch(url)).text()
const seen = await fetch(url, {method: 'POST', body: 'order'}).then(answer => answer.status, error => error.name)
console.log(`undici: the client saw ${seen}, the server ${await (await fetch(url)).text()}`)
END
cat >"$dir/Send.java" <<'END'
import java.net.*;
import java.net.http.*;
import okhttp3.*;

class Send {
    interface Exchange { String send(String url, String body) throws Exception; }

    static void show(String words, String base, Exchange exchange) throws Exception {
        exchange.send(base + words, null);
        String seen;
        try {
            seen = exchange.send(base + words, "order").split(" ")[0];
        } catch (Exception error) {
            seen = error.getClass().getSimpleName();
        }
        var stored = exchange.send(base + words, null).split(" ")[1];
        System.out.println(words + ": the client saw " + seen + ", the server " + stored);
    }

    public static void main(String[] args) throws Exception {
        var base = "http://127.0.0.1:" + args[0] + "/";
        show("HttpURLConnection", base, (url, body) -> {
            var connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
            if (body != null) {
                connection.setDoOutput(true);
                connection.getOutputStream().write(body.getBytes());
            }
            return connection.getResponseCode() + " " + new String(connection.getInputStream().readAllBytes());
        });
        var client = HttpClient.newHttpClient();
        show("java.net.http", base, (url, body) -> {
            var request = HttpRequest.newBuilder(URI.create(url));
            if (body != null)
                request.POST(HttpRequest.BodyPublishers.ofString(body));
            var answer = client.send(request.build(), java.net.http.HttpResponse.BodyHandlers.ofString());
            return answer.statusCode() + " " + answer.body();
        });
        var http = new OkHttpClient();
        show("OkHttp", base, (url, body) -> {
            var request = new Request.Builder().url(url);
            if (body != null)
                request.post(RequestBody.create(body, null));
            try (var answer = http.newCall(request.build()).execute()) {
                return answer.code() + " " + answer.body().string();
            }
        });
        System.exit(0);
    }
}
END
mkfifo "$dir/port"
python3 "$dir/orders.py" >"$dir/port" &
server=$!
read -r port <"$dir/port"
{
    "$dir/venv/bin/python" "$dir/send.py" "$port"
    node "$dir/send.mjs" "$port"
    java -cp "$dir/jars/*" "$dir/Send.java" "$port"
} | tee "$dir/seen"
diff "$dir/seen" - <<'END'
libcurl: the client saw 201, the server 2
requests: the client saw ConnectionError, the server 1
httpx: the client saw RemoteProtocolError, the server 1
undici: the client saw TypeError, the server 1
HttpURLConnection: the client saw 201, the server 2
java.net.http: the client saw IOException, the server 1
OkHttp: the client saw 201, the server 2
END
echo "as seen"
