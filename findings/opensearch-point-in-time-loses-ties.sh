#!/usr/bin/env bash
# OpenSearch 2.19.6 (Maven: the server and its transport, in one process).
#
# Setting: 240 documents in an index of two shards, `day` has one of three values, 80 documents each. A client makes a
# point in time, sorts by `day`, 50 a page, and sends the last hit's `sort` back as search_after, until a page
# is empty. Nothing is written meanwhile.
#
# A good guess: the point in time fixes an order too. Its kin, Elasticsearch, adds a tiebreaker (_shard_doc) to each
# search in a point in time, so the five pages hold 240 documents.
#
# Seen: three values, three pages, 150 documents; hits.total is 240 in each answer. The cursor is the value of `day` alone,
# and the next page begins behind all that share it: of 80 equal ones, those that did not fit are in no page. Sorted by
# ["day", "_shard_doc"] the search is refused, 400. With a unique field behind, ["day", "n"], all 240 come.
#
# Who pages by search_after sorts by a field that no two documents share, in a point in time too.
set -euo pipefail

dir=$(mktemp -d)
server=''
trap '[ -z "$server" ] || kill "$server"; rm -rf "$dir"' EXIT
cat >"$dir/pom.xml" <<'END'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>a</groupId>
  <artifactId>a</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>org.opensearch</groupId><artifactId>opensearch</artifactId><version>2.19.6</version></dependency>
    <dependency><groupId>org.opensearch.plugin</groupId><artifactId>transport-netty4-client</artifactId><version>2.19.6</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId><version>2.25.4</version></dependency>
  </dependencies>
</project>
END
mvn -B -q -f "$dir/pom.xml" dependency:copy-dependencies -DoutputDirectory="$dir/files" >"$dir/mvn.log" 2>&1
cat >"$dir/Main.java" <<'END'
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.opensearch.common.settings.Settings;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.transport.Netty4Plugin;

public class Main extends Node {
    Main(Settings settings, Path config) {
        super(InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), config, () -> "one"),
              List.of(Netty4Plugin.class), false);
    }

    public static void main(String[] words) throws Exception {
        Path home = Path.of(words[0]);
        new Main(Settings.builder().put("path.home", home).put("network.host", "127.0.0.1")
            .put("http.port", words[1]).put("transport.port", words[2]).put("discovery.type", "single-node")
            .put("cluster.routing.allocation.disk.threshold_enabled", false).build(), home.resolve("config")).start();
        Thread.currentThread().join();
    }
}
END
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
port=$(free_port)
mkdir -p "$dir/home/config"
java -Xmx512m -cp "$dir/files/*" "$dir/Main.java" "$dir/home" "$port" "$(free_port)" >"$dir/log" 2>&1 &
server=$!
for _ in $(seq 600); do
    ! curl -fsS "http://127.0.0.1:$port/" >/dev/null 2>&1 || break
    sleep 0.2
done

cat >"$dir/walk.py" <<'END'
import json
import sys
import urllib.error
import urllib.request

base = sys.argv[1]


def send(method, path, value=None, text=None):
    body = text or (json.dumps(value) if value is not None else None)
    request = urllib.request.Request(base + path, body and body.encode(), {"Content-Type": "application/json"},
                                     method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def walk(sort):
    pit = send("POST", "/parts/_search/point_in_time?keep_alive=5m")["pit_id"]
    query = {"size": 50, "sort": sort, "pit": {"id": pit, "keep_alive": "5m"}, "track_total_hits": True}
    pages, seen, totals = 0, set(), set()
    while True:
        try:
            found = send("GET", "/_search", query)["hits"]
        except urllib.error.HTTPError as error:
            print(f"{sort}: {error.code}")
            return
        totals.add(found["total"]["value"])
        if not found["hits"]:
            break
        pages += 1
        seen |= {hit["_id"] for hit in found["hits"]}
        query["search_after"] = found["hits"][-1]["sort"]
    print(f"{sort}: {pages} pages, {len(seen)} documents, total {sorted(totals)}")


send("PUT", "/parts", {"settings": {"number_of_shards": 2, "number_of_replicas": 0}})
lines = [line for n in range(240) for line in ({"index": {"_id": str(n)}}, {"n": n, "day": n % 3})]
send("POST", "/parts/_bulk?refresh=true", text="".join(json.dumps(line) + "\n" for line in lines))
walk(["day"])
walk(["day", "_shard_doc"])
walk(["day", "n"])
END
python3 "$dir/walk.py" "http://127.0.0.1:$port" | tee "$dir/seen"
diff "$dir/seen" - <<'END'
['day']: 3 pages, 150 documents, total [240]
['day', '_shard_doc']: 400
['day', 'n']: 5 pages, 240 documents, total [240]
END
echo "as seen"
