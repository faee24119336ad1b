// A Strapi with one content type, without its admin panel: app.cjs FOLDER PORT. The token that it makes for its API
// is in FOLDER/token.
const fs = require("node:fs");
const path = require("node:path");
const { createStrapi } = require("@strapi/strapi");

const [folder, port] = process.argv.slice(2);

function write(name, value) {
  const file = path.join(folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, typeof value === "string" ? value : `module.exports = ${JSON.stringify(value)};\n`);
}

const field = (type) => ({ type });
write("package.json", JSON.stringify({ name: "odd", version: "1.0.0", strapi: { uuid: "odd" } }));
write("config/server.js", { host: "127.0.0.1", port: Number(port), app: { keys: ["odd-1", "odd-2"] } });
write("config/admin.js", {
  auth: { secret: "odd" }, apiToken: { salt: "odd" }, transfer: { token: { salt: "odd" } },
  secrets: { encryptionKey: "0123456789abcdef0123456789abcdef" }, serveAdminPanel: false,
});
write("config/database.js", {
  connection: {
    client: "postgres",
    connection: { host: process.env.PGHOST, port: Number(process.env.PGPORT), user: process.env.PGUSER, database: "strapi" },
  },
});
write("config/middlewares.js", ["errors", "security", "cors", "query", "body", "favicon", "public"].map((name) => `strapi::${name}`));
write("public/uploads/.keep", "");
write("src/api/odd/content-types/odd/schema.json", JSON.stringify({
  kind: "collectionType", collectionName: "odds",
  info: { singularName: "odd", pluralName: "odds", displayName: "Odd" },
  options: { draftAndPublish: true },
  attributes: {
    code: { type: "string", unique: true, required: true }, n: field("integer"), name: field("string"),
    note: field("text"), big: field("biginteger"), amount: field("decimal"), grp: field("integer"),
    flag: field("boolean"), nested: field("json"),
  },
}));
for (const part of ["controller", "service", "router"]) {
  const name = part[0].toUpperCase() + part.slice(1);
  write(`src/api/odd/${part === "router" ? "routes" : part + "s"}/odd.js`,
    `module.exports = require("@strapi/strapi").factories.createCore${name}("api::odd.odd");\n`);
}
write("src/index.js", `module.exports = {
  async bootstrap({ strapi }) {
    const made = await strapi.service("admin::api-token").create(
      { name: "odd", description: "", type: "full-access", lifespan: null });
    require("node:fs").writeFileSync(${JSON.stringify(path.join(folder, "token"))}, made.accessKey);
  },
};
`);
process.chdir(folder);
createStrapi({ appDir: folder, distDir: folder }).start();
