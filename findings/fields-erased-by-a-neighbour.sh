#!/usr/bin/env bash
# Knex 3.3.0, Sequelize 6.37.8, TypeORM 0.3.27, MikroORM 6.6.16, Kysely 0.28.19 (npm), with PostgreSQL 16.2 (PyPI pgserver
# 0.1.4, a wheel that carries the server's programs).
#
# Setting: an API of people leaves out the fields that it has nothing new for. Each record is upserted by its
# id; the two below have a phone number and an e-mail address to tell. First each in a statement of its own,
# then both in one, as somebody does who loads a page at a time.
#
# A good guess: a batch is only faster. What a record does not name stays as it is in its row.
#
# Seen: alone, it stays. Together, each record gets the fields of the other, as null, and null takes the place of
# what was there: old addresses and numbers are gone, whatever the batch happened to bring together. So
# with four of five; in MikroORM the second record's own new address is not written, on top.
#
# Give all records of a batch the same fields, or group them by the fields that they have.
set -euo pipefail

dir=$(mktemp -d)
trap '"$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$dir"' EXIT
PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --no-deps \
    --target "$dir/site" pgserver==0.1.4
bin=$(dirname "$(find "$dir/site" -type f -name initdb)")
as=()
if [ "$(id -u)" = 0 ]; then # the server refuses to run as root
    chown -R nobody "$dir"
    as=(setpriv --reuid=nobody --clear-groups)
fi
"${as[@]}" "$bin/initdb" -D "$dir/data" -U me -A trust >/dev/null
"${as[@]}" "$bin/pg_ctl" -w -D "$dir/data" -l "$dir/log" \
    -o "-c listen_addresses='' -k $dir" start >/dev/null
npm install --silent --no-audit --no-fund --prefix "$dir" pg@8.23.1 reflect-metadata@0.2.2 knex@3.3.0 \
    sequelize@6.37.8 typeorm@0.3.27 @mikro-orm/postgresql@6.6.16 @mikro-orm/core@6.6.16 kysely@0.28.19

cat >"$dir/upsert.js" <<'END'
require('reflect-metadata');
const {Client, Pool} = require('pg');
const {DataTypes, Sequelize} = require('sequelize');
const {Kysely, PostgresDialect} = require('kysely');
const mikro = require('@mikro-orm/postgresql');
const typeorm = require('typeorm');

const host = process.argv[2];
const here = {host, user: 'me', database: 'postgres'};
const records = [{id: 1, phone: 'new'}, {id: 2, email: 'new'}];
const names = list => [...new Set(list.flatMap(Object.keys))].filter(name => name !== 'id');

async function show(client, words, upsert) {
    for (const [how, batches] of [['alone', records.map(one => [one])], ['together', [records]]]) {
        await client.query('drop table if exists person');
        await client.query('create table person (id int primary key, email text, phone text)');
        await client.query("insert into person values (1, 'old', 'old'), (2, 'old', 'old')");
        for (const batch of batches)
            await upsert(structuredClone(batch));
        const {rows} = await client.query('select email, phone from person order by id');
        console.log(`${words}, ${how}:`, rows.map(row => `${row.email} ${row.phone}`).join(' | '));
    }
}

async function main() {
    const client = new Client(here);
    await client.connect();

    const knex = require('knex')({client: 'pg', connection: here});
    await show(client, 'Knex', list => knex('person').insert(list).onConflict('id').merge());
    await knex.destroy();

    const sequelize = new Sequelize({dialect: 'postgres', host, username: 'me', database: 'postgres', logging: false});
    const person = sequelize.define('person',
        {id: {type: DataTypes.INTEGER, primaryKey: true}, email: DataTypes.TEXT, phone: DataTypes.TEXT},
        {tableName: 'person', timestamps: false});
    await show(client, 'Sequelize', list => person.bulkCreate(list, {updateOnDuplicate: names(list)}));
    await sequelize.close();

    const text = {type: 'text', nullable: true};
    const entity = new typeorm.EntitySchema(
        {name: 'person', columns: {id: {type: Number, primary: true}, email: text, phone: text}});
    const source = new typeorm.DataSource(
        {type: 'postgres', host, username: 'me', database: 'postgres', entities: [entity]});
    await source.initialize();
    await show(client, 'TypeORM', list => source.getRepository(entity).upsert(list, ['id']));
    await source.destroy();

    const string = {type: 'string', nullable: true};
    const properties = {id: {type: 'number', primary: true}, email: string, phone: string};
    const orm = await mikro.MikroORM.init({host, user: 'me', dbName: 'postgres',
        entities: [new mikro.EntitySchema({name: 'Person', tableName: 'person', properties})]});
    await show(client, 'MikroORM', list => orm.em.fork().upsertMany('Person', list));
    await orm.close();

    const kysely = new Kysely({dialect: new PostgresDialect({pool: new Pool(here)})});
    await show(client, 'Kysely', list => kysely.insertInto('person').values(list)
        .onConflict(on => on.column('id').doUpdateSet(set =>
            Object.fromEntries(names(list).map(name => [name, set.ref(`excluded.${name}`)]))))
        .execute());
    await kysely.destroy();
    await client.end();
}

main();
END
node "$dir/upsert.js" "$dir" | tee "$dir/seen"
diff "$dir/seen" - <<'END'
Knex, alone: old new | new old
Knex, together: null new | new null
Sequelize, alone: old new | new old
Sequelize, together: null new | new null
TypeORM, alone: old new | new old
TypeORM, together: null new | new null
MikroORM, alone: old new | new old
MikroORM, together: old new | old null
Kysely, alone: old new | new old
Kysely, together: null new | new null
END
echo "as seen"
