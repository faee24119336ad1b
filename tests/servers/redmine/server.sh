# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Redmine (Debian, Ruby's own web server, a database of its own in this run's PostgreSQL): offset and limit, and a
# filter that begins behind an issue.
key=code
own="id updated_on"
answers_before=3 # the first counts
start_limit_s=180
found_at="/issues.json?status_id=*"
found_with=(--auth 'header:X-Redmine-API-Key:{{ env.REDMINE_KEY }}')
export REDMINE_KEY=odd0123456789

install() {
    install_from_debian redmine redmine-pgsql
}

use_ruby() {
    local root=$cache/root libraries
    libraries=$root/usr/lib/x86_64-linux-gnu
    export PATH=$root/usr/bin:$PATH LD_LIBRARY_PATH=$libraries GEM_HOME=$work/gems RAILS_ENV=production SECRET_KEY_BASE=odd
    export RUBYLIB=$root/usr/lib/ruby/vendor_ruby:$libraries/ruby/vendor_ruby/3.1.0:$root/usr/lib/ruby/3.1.0:$libraries/ruby/3.1.0
    GEM_PATH=$(printf '%s:' "$root"/usr/share/rubygems-integration/{all,3.1.0} "$libraries/rubygems-integration/3.1.0" \
        "$root/usr/lib/ruby/gems/3.1.0")
    export GEM_PATH
}

launch() {
    use_ruby
    createdb -T template0 redmine
    cp -r "$cache/root/usr/share/redmine" "$work/app"
    cd "$work/app" || exit
    rm Gemfile.lock instances config/database.yml
    mkdir -p instances/default/{config,tmp,log,files}
    # The database is looked for where the package puts it.
    sed -i 's|/usr/share/redmine/.*/database.yml|config/database.yml|' Gemfile
    echo "gem 'webrick'" >Gemfile.local
    echo "production: {adapter: postgresql, database: redmine, encoding: unicode, host: $PGHOST, port: $PGPORT, username: $PGUSER}" |
        tee config/database.yml >instances/default/config/database.yml
    ruby -S rake db:migrate
    ruby bin/rails runner "$here/$name/begin.rb"
    exec ruby -S rackup -s webrick -E production -o 127.0.0.1 -p "$port"
}

answers() {
    curl -fsS "$SERVER/issues.json" -H "X-Redmine-API-Key: $REDMINE_KEY"
}
