# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# JupyterHub (PyPI): a list that pages for its own content type alone, with the next place in the body.
key=name
found_at=/hub/api/groups
found_with=(-H 'Accept: application/jupyterhub-pagination+json' --auth 'header:Authorization:{{ env.JUPYTERHUB_AUTHORIZATION }}')
loses=2
own="kind roles users"
export JUPYTERHUB_TOKEN=odd-0123456789-0123456789
export JUPYTERHUB_AUTHORIZATION="token $JUPYTERHUB_TOKEN"

install() {
    install_from_pypi jupyterhub
}

launch() {
    cat >"$work/config.py" <<PY
from jupyterhub.proxy import Proxy

class NoProxy(Proxy):
    """The hub is asked by its own address."""
    should_start = False
    async def add_route(self, *args): pass
    async def delete_route(self, *args): pass
    async def get_all_routes(self): return {}

c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.hub_bind_url = "http://127.0.0.1:$port"
c.JupyterHub.bind_url = "http://127.0.0.1:$((port + 1))"
c.JupyterHub.db_url = "sqlite:///$work/odd.db"
c.JupyterHub.cookie_secret_file = "$work/secret"
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.services = [{"name": "odd", "api_token": "$JUPYTERHUB_TOKEN"}]
c.JupyterHub.load_roles = [{"name": "odd", "services": ["odd"], "scopes": ["admin:groups"]}]
PY
    cd "$work" || exit
    exec "$cache/venv/bin/jupyterhub" -f "$work/config.py"
}

answers() {
    curl -fsS "$SERVER/hub/api/"
}
