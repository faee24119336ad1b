#!/usr/bin/env bash
# What is printed may hold what an API, a file or a server wrote. The program prints in two
# places, which redact and escape it: cli/say.c and base/log.c. The others are named here, and
# print literals of ours alone.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

may_print='^(cli/say\.c|cli/main\.c|lib/base/(log|opt|mem|rng)\.c|lib/core/script\.c)$'
prints='(^|[^_[:alnum:]])(v?f?printf|v?dprintf|f?puts|f?putc|putchar|fwrite|perror)[[:space:]]*\(|(^|[^_[:alnum:]])writev?[[:space:]]*\([[:space:]]*STD(OUT|ERR)_FILENO'

bad=0
for file in lib/*/*.c lib/*/*/*.c config/*.c schema/*.c worker/*.c worker/*/*.c scheduler/*.c web/*.c cli/*.c; do
    [ -f "$file" ] || continue
    [[ $file =~ $may_print ]] && continue
    grep -nHE "$prints" "$file" >&2 && bad=1
done
[ "$bad" -eq 0 ] || echo "print by cli/say.h, log by base/log.h" >&2
exit "$bad"
