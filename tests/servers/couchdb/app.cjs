// PouchDB's server with CouchDB's API, in memory.
const express = require("express");
const PouchDB = require("pouchdb-node");
PouchDB.plugin(require("pouchdb-adapter-memory"));
const Memory = PouchDB.defaults({ adapter: "memory" });
const app = express();
app.use("/", require("express-pouchdb")(Memory, { mode: "minimumForPouchDB", inMemoryConfig: true }));
app.listen(Number(process.argv[2]), "127.0.0.1");
