// A service that keeps its records in memory: 25 a page, 100 at most.
const { feathers } = require("@feathersjs/feathers");
const express = require("@feathersjs/express");
const { MemoryService } = require("@feathersjs/memory");

const app = express.default(feathers());
app.use(express.json());
app.use(express.urlencoded({ extended: true }));
app.configure(express.rest());
app.use("records", new MemoryService({ id: "id", paginate: { default: 25, max: 100 } }));
app.use(express.notFound());
app.use(express.errorHandler({ html: false, logger: false }));
app.listen(Number(process.argv[2]), "127.0.0.1");
