#!/usr/bin/env bash
# Writes the manual pages from what the program says of itself: man.sh build/release OUT
#
# pagetide.1, and pagetide-NAME.1 for each command, from --help; pagetide-sources.5 and
# pagetide.yaml.5 from `config reference`.
set -euo pipefail

if [ $# -ne 2 ]; then
    sed -n '2s/^# //p' "$0" >&2
    exit 2
fi
program=$1/pagetide
out=$2
version=$("$program" --version)
mkdir -p "$out"

# What is text, as roff; `quoted` names are bold.
# shellcheck disable=SC2016 # a program of awk
escape='
function roff(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    while (match(text, /`[^`]+`/))
        text = substr(text, 1, RSTART - 1) "\\fB" substr(text, RSTART + 1, RLENGTH - 2) \
            "\\fR" substr(text, RSTART + RLENGTH)
    return text ~ /^[.\47]/ ? "\\&" text : text
}'

title() {
    printf '.TH %s %s "" "%s" "Pagetide manual"\n' "$1" "$2" "$version"
    printf '.nh\n.ad l\n.SH NAME\n%s \\- %s\n' "$3" "$4"
}

# Lines of --help: options become items, other text stays as it is laid out.
options() {
    awk "$escape"'
    /^ +-/ {
        sub(/^ +/, "")
        at = match($0, /[^ ]  +[^ ]/)
        print ".TP\n\\fB" roff(substr($0, 1, at)) "\\fR"
        text = substr($0, at + 1)
        sub(/^ +/, "", text)
        print roff(text)
    }'
}

section() {
    awk -v from="$1" 'index($0, from) == 1 { on = 1; next } /^[^ ]/ { on = 0 } on'
}

# The text between the summary and the options, as it is laid out.
description() {
    awk "$escape"'
    NR <= 4 { next }
    /^(options|common options):$/ { exit }
    !is_open++ { print ".SH DESCRIPTION\n.nf" }
    { print roff($0) }
    END { if (is_open) print ".fi" }'
}

# Lines "name  summary".
list_commands() {
    "$program" --help | awk '/^  [a-z]+ / { sub(/^ +/, ""); print }'
}

# The usage, with what is typed as it stands in bold: pagetide sync.
synopsis() {
    sed -n '1s/^usage: //p' | awk "$escape"'
    {
        text = roff(substr($0, length($1 $2) + 2))
        sub(/^ /, "", text)
        print "\\fB" $1 " " $2 "\\fR " text
    }'
}

write_command() {
    local name=$1 help own
    help=$("$program" "$name" --help)
    own=$(section options: <<<"$help" | sed '/^ *--help /d' | options)
    title "PAGETIDE-${name^^}" 1 "pagetide\\-$name" "${2//-/\\-}"
    printf '.SH SYNOPSIS\n'
    synopsis <<<"$help"
    description <<<"$help"
    printf '.SH OPTIONS\nThe common options%s of\n.BR pagetide (1)%s\n' \
        "$(grep -q '^settings ' <<<"$help" && echo ' and the settings')" \
        "$([ "$own" ] && echo , || echo .)"
    [ -z "$own" ] || printf 'and these:\n%s\n' "$own"
    printf '.SH "EXIT STATUS"\nAs in\n.BR pagetide (1).\n'
    printf '.SH "SEE ALSO"\n.BR pagetide (1),\n.BR pagetide\\-sources (5),\n'
    printf '.BR pagetide.yaml (5)\n'
}

write_program() {
    title PAGETIDE 1 pagetide 'brings paginated HTTP APIs into PostgreSQL'
    cat <<'END'
.SH SYNOPSIS
.B pagetide
.I COMMAND
.RI [ OPTION ...]
.SH COMMANDS
END
    list_commands | awk "$escape"'
    {
        name = $1
        sub(/^[a-z]+ +/, "")
        print ".TP\n.BR pagetide\\-" name " (1)\n" roff($0)
    }'
    printf '.SH "COMMON OPTIONS"\nEvery command has these, and \\fB\\-\\-help\\fR.\n'
    "$program" up --help | section 'common options:' | sed '/^ *--help /d' | options
    cat <<'END'
.SH SETTINGS
Commands that use PostgreSQL, Redis or sources have these besides. An option goes before the
environment, the environment before \fBpagetide.yaml\fR(5), that before the default.
END
    "$program" up --help | section 'settings (over' | sed '/^ *--help /d' | options
    cat <<'END'
.SH "EXIT STATUS"
.TP
.B 0
done
.TP
.B 1
a run failed, was truncated, cancelled, or is dead
.TP
.B 2
usage, or an error in a file
.TP
.B 3
a server is unreachable, or the control schema is missing, or does not fit the program
.TP
.B 130
interrupted; the same \fBsync\fR goes on where it was
.SH ENVIRONMENT
.TP
.B PAGETIDE_CONFIG
the configuration folder, where \fB\-c\fR names none
.TP
\fBPAGETIDE_\fINAME\fR, \fBPAGETIDE_\fINAME\fB_FILE\fR
a setting, such as \fBPAGETIDE_DATABASE_URL\fR, or the file that holds it
.TP
.B PAGETIDE_CORE_DUMPS
\fByes\fR: core dumps and debuggers are let in; memory holds credentials
.TP
.B TMPDIR
where large pages lie while they are read (\fB/var/tmp\fR, then \fB/tmp\fR)
.TP
.B NOTIFY_SOCKET
the service manager is told when the process is ready and when it stops
.TP
.B OTEL_EXPORTER_OTLP_ENDPOINT
where traces go
.SH FILES
.TP
.I pagetide.yaml
settings, in the configuration folder
.TP
.I sources/*.yaml
source definitions, in the configuration folder
.SH "SEE ALSO"
.BR pagetide.yaml (5),
.BR pagetide-sources (5)
END
}

# Tables of Markdown: the first cell names the item, the others say what it is.
reference() {
    "$program" config reference --markdown | awk -v wanted="$1" "$escape"'
    function cell(number) {
        text = cells[number]
        gsub(/^ +| +$/, "", text)
        gsub(/\001/, "|", text)
        return text
    }
    /^## / {
        on = ($0 ~ /^## Settings/) == (wanted == "settings")
        sub(/^## /, "")
        if (on)
            print ".SH \"" roff($0) "\""
        is_table = is_text = 0
        next
    }
    !on { next }
    /^\|-/ { is_table = 1; next }
    /^\|/ {
        gsub(/\\\|/, "\001")
        count = split($0, cells, "|")
        if (!is_table) {
            for (i = 2; i < count; i++)
                names[i] = cell(i)
            next
        }
        print ".TP\n" roff(cell(2))
        for (i = 3; i < count; i++)
            if (cell(i) != "")
                print roff((names[i] == "meaning" ? "" : names[i] ": ") cell(i)) "\n.br"
        next
    }
    { is_table = 0 }
    /^```/ { print (is_code = !is_code) ? ".PP\n.nf" : ".fi"; next }
    is_code { print roff($0); next }
    /./ { print (is_text++ ? ".PP\n" : "") roff($0) }'
}

write_sources() {
    title PAGETIDE-SOURCES 5 pagetide-sources 'source definitions of Pagetide'
    cat <<'END'
.SH DESCRIPTION
One YAML file per source in \fIsources/\fR of the configuration folder: an API, and the streams
that are read from it. \fBpagetide check\fR validates all of them, \fBpagetide preview\fR shows
what a stream would fetch.
.PP
.I expression:
any value; text in {{ ... }} is evaluated.
.I path:
meta.next, data[\-1].id.
.I duration:
seconds, or 500ms, 30s, 15m, 2h, 7d.
.I size:
bytes, or 64KiB, 8MiB.
END
    reference sources
    printf '.SH "SEE ALSO"\n.BR pagetide (1),\n.BR pagetide.yaml (5)\n'
}

write_settings() {
    title PAGETIDE.YAML 5 pagetide.yaml 'settings of Pagetide'
    cat <<'END'
.SH DESCRIPTION
The file of settings in the configuration folder. Options and the environment go before it: the
setting \fBdatabase_url\fR is also \fB\-\-database\-url\fR, \fBPAGETIDE_DATABASE_URL\fR and
\fBPAGETIDE_DATABASE_URL_FILE\fR.
END
    reference settings
    printf '.SH "SEE ALSO"\n.BR pagetide (1),\n.BR pagetide\\-sources (5)\n'
}

rm -f "$out"/pagetide*.[15]
write_program >"$out/pagetide.1"
list_commands | while read -r name summary; do
    write_command "$name" "$summary" >"$out/pagetide-$name.1"
done
write_sources >"$out/pagetide-sources.5"
write_settings >"$out/pagetide.yaml.5"
