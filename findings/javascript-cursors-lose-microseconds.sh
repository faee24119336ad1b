#!/usr/bin/env bash
# typeorm-cursor-pagination 0.10.1, sequelize-cursor-pagination 3.5.1, MikroORM 6.6.16 (npm), with
# PostgreSQL 16.2 (PyPI pgserver 0.1.4, a wheel that carries the server's programs).
#
# Setting: ten rows that were written within one millisecond, as an import writes them, ordered by
# created_at, a timestamptz, and by id. Three rows a page, until there is no next cursor.
#
# A good guess: all ten come. The two fields together tell rows apart, both are in the cursor, and
# rows that are equal in the first are told apart by the second.
#
# Seen: PostgreSQL keeps microseconds, and the cursor has a Date, of milliseconds. Upwards the
# cursor lies before the row that it was made of, so that page 1 comes for ever. Downwards it lies
# behind rows that are still to come: three of ten, and a proper end. All three do the same.
#
# The API is wrong, and answers 200. A client must know a cursor that it has had, and the total.
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
"$bin/psql" -X -q -h "$dir" -U me -d postgres <<'END'
create table item (id int primary key, created_at timestamptz);
insert into item
select n, timestamptz '2024-05-01 10:00:00Z' + n * interval '50 microseconds'
from generate_series(1, 10) n;
END

npm install --silent --no-audit --no-fund --prefix "$dir" pg@8.23.1 reflect-metadata@0.2.2 \
    typeorm@0.3.27 typeorm-cursor-pagination@0.10.1 \
    sequelize@6.37.8 sequelize-cursor-pagination@3.5.1 @mikro-orm/postgresql@6.6.16 \
    @mikro-orm/core@6.6.16
cat >"$dir/walk.js" <<'END'
require('reflect-metadata');
const typeorm = require('typeorm');
const {buildPaginator} = require('typeorm-cursor-pagination');
const {Sequelize, DataTypes} = require('sequelize');
const {makePaginate} = require('sequelize-cursor-pagination');
const mikro = require('@mikro-orm/postgresql');

const host = process.argv[2];

// A page is [records, cursor of the next page].
async function walk(words, page) {
    for (const order of ['ASC', 'DESC']) {
        const pages = [];
        let records, cursor;
        do {
            [records, cursor] = await page(order, cursor);
            pages.push(records.map(record => record.id).join(' '));
        } while (cursor && pages.length < 4);
        console.log(`${words}, ${order}:`, pages.join(' | '), cursor ? '| more' : '| the end');
    }
}

async function main() {
    class Item {}
    Reflect.defineMetadata('design:type', Number, Item.prototype, 'id');
    Reflect.defineMetadata('design:type', Date, Item.prototype, 'created_at');
    const columns = {id: {type: Number, primary: true}, created_at: {type: 'timestamptz'}};
    const entity = new typeorm.EntitySchema({name: 'item', target: Item, columns});
    const source = new typeorm.DataSource(
        {type: 'postgres', host, username: 'me', database: 'postgres', entities: [entity]});
    await source.initialize();
    await walk('TypeORM', async (order, afterCursor) => {
        const paginator = buildPaginator({entity: Item, alias: 'item',
            paginationKeys: ['created_at', 'id'], query: {limit: 3, order, afterCursor}});
        const query = source.getRepository(Item).createQueryBuilder('item');
        const {data, cursor} = await paginator.paginate(query);
        return [data, cursor.afterCursor];
    });
    await source.destroy();

    const sequelize = new Sequelize(
        {dialect: 'postgres', host, username: 'me', database: 'postgres', logging: false});
    const paginate = makePaginate(sequelize.define('item',
        {id: {type: DataTypes.INTEGER, primaryKey: true}, created_at: DataTypes.DATE},
        {tableName: 'item', timestamps: false}));
    await walk('Sequelize', async (order, after) => {
        const answer = await paginate({order: [['created_at', order]], limit: 3, after});
        const {hasNextPage, endCursor} = answer.pageInfo;
        return [answer.edges.map(edge => edge.node), hasNextPage && endCursor];
    });
    await sequelize.close();

    const properties = {id: {type: 'number', primary: true},
        created_at: {type: 'Date', fieldName: 'created_at', length: 6}};
    const orm = await mikro.MikroORM.init({host, user: 'me', dbName: 'postgres',
        entities: [new mikro.EntitySchema({name: 'Item', tableName: 'item', properties})]});
    await walk('MikroORM', async (order, after) => {
        const page = await orm.em.fork().findByCursor('Item', {},
            {first: 3, after, orderBy: [{created_at: order}, {id: order}]});
        return [page.items, page.hasNextPage && page.endCursor];
    });
    await orm.close();
}

main();
END
node "$dir/walk.js" "$dir" | tee "$dir/seen"
for package in typeorm-cursor-pagination:0.10.1 sequelize-cursor-pagination:3.5.1 \
    @mikro-orm/core:6.6.16; do
    [ "$(node -p "require('$dir/node_modules/${package%:*}/package.json').version")" = "${package#*:}" ]
done
diff "$dir/seen" - <<'END'
TypeORM, ASC: 1 2 3 | 1 2 3 | 1 2 3 | 1 2 3 | more
TypeORM, DESC: 10 9 8 |  | the end
Sequelize, ASC: 1 2 3 | 1 2 3 | 1 2 3 | 1 2 3 | more
Sequelize, DESC: 10 9 8 |  | the end
MikroORM, ASC: 1 2 3 | 1 2 3 | 1 2 3 | 1 2 3 | more
MikroORM, DESC: 10 9 8 |  | the end
END
echo "as seen"
