# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# RabbitMQ's management API (Debian): pages only where `page` is sent, with their count.
key=name
loses=2
found_at='/api/queues'
found_with=(--auth 'basic:guest:{{ env.PASSWORD }}')
export PASSWORD=guest
own="auto_delete consumer_capacity consumer_utilisation consumers durable effective_policy_definition
exclusive exclusive_consumer_tag garbage_collection head_message_timestamp idle_since memory
message_bytes message_bytes_paged_out message_bytes_persistent message_bytes_ram
message_bytes_ready message_bytes_unacknowledged message_stats messages messages_details
messages_paged_out messages_persistent messages_ram messages_ready messages_ready_details
messages_ready_ram messages_unacknowledged messages_unacknowledged_details
messages_unacknowledged_ram node operator_policy policy recoverable_slaves reductions
reductions_details single_active_consumer_tag state type vhost backing_queue_status storage_version"

install() {
    install_from_debian rabbitmq-server
    sed -i "s|=/usr/lib/erlang|=$cache/root/usr/lib/erlang|" "$cache/root/usr/lib/erlang/bin/erl"
}

# An epmd of its own keeps the machine's out of it, and ends with the process group.
launch() {
    export PATH=$cache/root/usr/lib/erlang/bin:$PATH HOME=$work
    export ERL_EPMD_PORT=$((port + 1)) ERL_EPMD_ADDRESS=127.0.0.1
    export RABBITMQ_NODENAME=odd@localhost RABBITMQ_NODE_PORT=$((port + 2))
    export RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_DIST_PORT=$((port + 3))
    export RABBITMQ_MNESIA_BASE=$work/mnesia RABBITMQ_LOG_BASE=$work/logs
    export RABBITMQ_CONFIG_FILE=$work/rabbitmq RABBITMQ_CONF_ENV_FILE=$work/none
    export RABBITMQ_ENABLED_PLUGINS_FILE=$work/plugins
    echo "[rabbitmq_management]." >"$work/plugins"
    printf 'management.tcp.%s\n' "port = $port" "ip = 127.0.0.1" >"$work/rabbitmq.conf"
    epmd -port "$ERL_EPMD_PORT" &
    exec "$cache"/root/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server
}

answers() {
    curl -fsS -u "guest:$PASSWORD" "$SERVER/api/overview"
}
