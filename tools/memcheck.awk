# What is wrong, of the logs of `valgrind -q --track-fds=yes`: awk -f tools/memcheck.awk LOG...
#
# Without the descriptors that a process was given, and those of a name that it was still looking
# up at its end (port/resolve.c; a thread of its own); more than a few of them are a leak. Without
# all of them where its event loop (epoll) is among them: it has not come to its end, but died at a
# crash point.
function end_block() {
    if (block ~ /lookup_(spawn|thread)/) {
        looked_up = looked_up block
        lookups++
    } else {
        opened = opened block
    }
    has_died = has_died || block ~ /epoll_create/
    block = ""
}
function end_file() {
    end_block()
    if (!has_died)
        printf "%s%s", opened, (lookups > 4 ? looked_up : "")
    opened = looked_up = ""
    lookups = has_died = 0
}
FNR == 1 {
    end_file()
    name = FILENAME
    sub(/.*\//, "", name)
}
{ sub(/^==[0-9]+== ?/, "") }
/^[^ ]/ { end_block() }
/^FILE DESCRIPTORS/ || !NF { next }
/^Open / || block != "" {
    block = block name ": " $0 "\n"
    if (/<inherited from parent>/)
        block = ""
    next
}
{ print name ": " $0 }
END { end_file() }
