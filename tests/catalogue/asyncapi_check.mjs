// Reads a document as AsyncAPI's own tools do: what they say of it, and what YAML makes of it.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(process.argv[2] + "/");
const { Parser } = require("@asyncapi/parser");
const { AvroSchemaParser } = require("@asyncapi/avro-schema-parser");
const yaml = require("js-yaml");

const text = readFileSync(process.argv[3], "utf8");
const parser = new Parser();
parser.registerSchemaParser(AvroSchemaParser());
const { document, diagnostics } = await parser.parse(text);
const problems = diagnostics
  .filter(({ severity }) => severity < 2) // errors and warnings
  .map(({ code, path, message }) => `${code} ${path.join(".")}: ${message}`);
const messages = (document?.messages().all() ?? []).map((it) => [it.name(), it.schemaFormat()]);
console.log(JSON.stringify({ problems, messages, value: yaml.load(text) }));
