#!/usr/bin/env bash
# Jackson 2.19.2 (Maven, com.fasterxml.jackson.core:jackson-databind).
#
# Setting: an export of JSON Lines whose records are lists, since that is shorter than objects:
# [1, "a"], then [2, "b"], then [3, "c"]. Jackson's readValues() gives one value after the other.
#
# A good guess: three values, as there are of three objects.
#
# Seen: two, 1 and "a". A list that comes first is taken for a list around all values, its end is
# the end of all, and what stands behind it is not read: no error. If the first record is an
# empty list there are no values at all. A list that comes later is a value like any other.
#
# A whole table becomes the fields of its first record. Read line by line, or count the lines.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for artifact in jackson-databind jackson-core jackson-annotations; do
    mvn -B -q dependency:copy -Dartifact="com.fasterxml.jackson.core:$artifact:2.19.2" \
        -DoutputDirectory="$dir/jars" >/dev/null 2>&1
done

cat >"$dir/Lines.java" <<'END'
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

class Lines {
    static void show(String... lines) throws Exception {
        var reader = new ObjectMapper().readerFor(JsonNode.class);
        try (var values = reader.<JsonNode>readValues(String.join("\n", lines))) {
            System.out.println(String.join(" ", lines) + " -> " + values.readAll());
        }
    }

    public static void main(String[] unused) throws Exception {
        System.out.println("jackson-databind " + new ObjectMapper().version());
        show("{\"id\":1}", "{\"id\":2}", "{\"id\":3}");
        show("[1,\"a\"]", "[2,\"b\"]", "[3,\"c\"]");
        show("[]", "[2,\"b\"]", "[3,\"c\"]");
        show("{\"id\":1}", "[2,\"b\"]", "{\"id\":3}");
    }
}
END
java -cp "$dir/jars/*" "$dir/Lines.java" | tee "$dir/seen"
diff "$dir/seen" - <<'END'
jackson-databind 2.19.2
{"id":1} {"id":2} {"id":3} -> [{"id":1}, {"id":2}, {"id":3}]
[1,"a"] [2,"b"] [3,"c"] -> [1, "a"]
[] [2,"b"] [3,"c"] -> []
{"id":1} [2,"b"] {"id":3} -> [{"id":1}, [2,"b"], {"id":3}]
END
echo "as seen"
