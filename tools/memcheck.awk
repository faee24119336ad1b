# What is wrong, of the logs of `valgrind -q --track-fds=yes`: awk -f tools/memcheck.awk LOG...
#
# Without the descriptors that a process was given; and without all of them where its event loop
# (epoll) is among them: it has not come to its end, but died at a crash point.
function end_file() {
    if (!has_died)
        printf "%s", opened
    opened = first = ""
    has_died = is_open = 0
}
FNR == 1 {
    end_file()
    name = FILENAME
    sub(/.*\//, "", name)
}
{ sub(/^==[0-9]+== ?/, "") }
/^FILE DESCRIPTORS/ || !NF { next }
/^Open / {
    first = name ": " $0 "\n"
    is_open = 1
    next
}
/<inherited from parent>/ {
    is_open = 0
    next
}
/^[^ ]/ { is_open = 0 }
is_open {
    opened = opened first name ": " $0 "\n"
    first = ""
    has_died = has_died || /epoll_create/
    next
}
{ print name ": " $0 }
END { end_file() }
