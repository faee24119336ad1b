#!/usr/bin/env bash
# What the compiler and the linker do against wrong memory accesses is in the binary: position
# independent, its tables read-only after the start (full RELRO), no executable stack, guarded
# stacks; and checked copies (_FORTIFY_SOURCE), except in build folders of sanitizers, valgrind and
# coverage.
# check-hardening.sh build/release/pagetide
set -uo pipefail

binary=${1:?usage: check-hardening.sh BINARY}
read_elf=$(LC_ALL=C readelf -hldW "$binary") || exit 2
symbols=$(LC_ALL=C readelf -W --dyn-syms "$binary") || exit 2
bad=0

needs() { # WHAT TEXT PATTERN
    grep -qE "$3" <<<"$2" && return
    echo "$binary: $1" >&2
    bad=1
}

needs "not position independent" "$read_elf" 'Type: +DYN'
needs "no RELRO" "$read_elf" 'GNU_RELRO'
needs "symbols are bound late: RELRO is not full" "$read_elf" 'BIND_NOW|Flags:.* NOW'
needs "an executable stack" "$read_elf" 'GNU_STACK.* RW +0x'
needs "no stack protector" "$symbols" '__stack_chk_fail'
case $binary in
*build/asan/* | *build/tsan/* | *build/cover/* | *build/fuzz/* | *build/valgrind/*) ;;
*)
    needs "no checked copies (_FORTIFY_SOURCE)" "$symbols" '__(memcpy|vsnprintf|snprintf|read)_chk'
    ;;
esac
exit "$bad"
