// Parse Server over a database of its own in this run's PostgreSQL.
const { createRequire } = require("node:module");
const { ParseServer } = require("parse-server");
const express = createRequire(require.resolve("parse-server"))("express");

const [port, database] = process.argv.slice(2);
const url = `http://127.0.0.1:${port}/parse`;

async function main() {
  const server = new ParseServer({
    databaseURI: database,
    appId: "odd",
    masterKey: "odd-master",
    serverURL: url,
    allowCustomObjectId: true,
    logsFolder: null,
  });
  await server.start();
  const app = express();
  app.use("/parse", server.app);
  app.listen(Number(port), "127.0.0.1");
}

main();
