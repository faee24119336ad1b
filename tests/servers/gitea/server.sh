# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Gitea (Go, SQLite): a bare list by page and limit, with Link and X-Total-Count.
key=title
loses=1
own="id updated_at"
start_limit_s=120
found_at='/api/v1/repos/odd/odd/issues?state=all'
found_with=(--auth 'bearer:{{ env.GITEA_TOKEN }}')

install() {
    install_from_go_source code.gitea.io/gitea@v1.27.3 . 'sqlite sqlite_unlock_notify'
}

run_gitea() {
    # Root runs it only where it says so.
    GITEA_I_AM_BEING_UNSAFE_RUNNING_AS_ROOT=true "$cache/bin/main" --work-path "$work" --config "$work/app.ini" "$@"
}

launch() {
    cat >"$work/app.ini" <<INI
RUN_MODE = prod
[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = $port
ROOT_URL = $SERVER/
STATIC_ROOT_PATH = $cache/source
DISABLE_SSH = true
OFFLINE_MODE = true
[database]
DB_TYPE = sqlite3
PATH = $work/odd.db
[security]
INSTALL_LOCK = true
SECRET_KEY = odd
INTERNAL_TOKEN = odd
[service]
DISABLE_REGISTRATION = true
[log]
MODE = console
LEVEL = Warn
INI
    run_gitea migrate
    run_gitea admin user create --username odd --password odd-0123456789 --email odd@example.org --admin
    run_gitea admin user generate-access-token --username odd --scopes all --raw >"$work/token"
    run_gitea web
}

answers() {
    curl -fsS "$SERVER/api/v1/version"
}

fill() {
    GITEA_TOKEN=$(tail -n 1 "$work/token")
    export GITEA_TOKEN
    python3 "$here/$name/fill.py" "$SERVER"
}
