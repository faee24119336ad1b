// A model that keeps its records in memory, by REST.
const loopback = require("loopback");

const app = loopback();
app.dataSource("memory", { connector: "memory" });
const Item = app.registry.createModel("item", { id: { type: "string", id: true } },
    { plural: "records", strict: false });
app.model(Item, { dataSource: "memory" });
app.use("/api", loopback.rest());
app.listen(Number(process.argv[2]), "127.0.0.1");
