#!/usr/bin/env bash
# Spring Data Commons 3.5.4 with Spring Framework 6.2.11 (Maven).
#
# Setting: a service has counted 235 records. It reads a page, takes out what the caller may not
# see, and gives the rest and the count to PageImpl, which many JSON answers are made of. Pages
# have 100 records; 15 of the last page's 35 are taken out.
#
# A good guess: every page says `totalElements` 235, so that a client that got 220 sees at the
# last page that 15 are missing.
#
# Seen: the first two pages say 235 and the last one says 220, just what the client got. On the
# last page PageImpl does not keep the count that it is given: it adds up offset and content. If
# nothing is left of the page, it says 235 again.
#
# A total proves that all was read only if it is compared with that of the first page, too.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for artifact in org.springframework.data:spring-data-commons:3.5.4 \
    org.springframework:spring-core:6.2.11 org.springframework:spring-jcl:6.2.11; do
    mvn -B -q dependency:copy -Dartifact="$artifact" \
        -DoutputDirectory="$dir/jars" >/dev/null 2>&1
done

cat >"$dir/Totals.java" <<'END'
import java.util.Collections;
import org.springframework.data.domain.PageImpl;
import org.springframework.data.domain.PageRequest;

class Totals {
    static void show(int page, int records) {
        var content = Collections.nCopies(records, "record");
        var answer = new PageImpl<>(content, PageRequest.of(page, 100), 235);
        System.out.printf("page %d with %d records: %d in %d pages%n", page, records,
            answer.getTotalElements(), answer.getTotalPages());
    }

    public static void main(String[] unused) {
        show(0, 100);
        show(1, 85);
        show(2, 35);
        show(2, 20);
        show(2, 0);
    }
}
END
java -cp "$dir/jars/*" "$dir/Totals.java" | tee "$dir/seen"
diff "$dir/seen" - <<'END'
page 0 with 100 records: 235 in 3 pages
page 1 with 85 records: 235 in 3 pages
page 2 with 35 records: 235 in 3 pages
page 2 with 20 records: 220 in 3 pages
page 2 with 0 records: 235 in 3 pages
END
echo "as seen"
