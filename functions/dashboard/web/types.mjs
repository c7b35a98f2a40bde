// Writes the TypeScript types of an OpenAPI document's schemas, and of the administrators' routes:
// `types.mjs openapi.json out.ts`.
// Small on purpose: it knows what docs/build writes, and stops at anything else.
import { readFile, writeFile } from "node:fs/promises";

const [from, to] = process.argv.slice(2);
const { components, paths } = JSON.parse(await readFile(from, "utf8"));

const nameOf = (ref) => ref.split("/").at(-1).replace(/\W/g, "_");
const quoted = (name) => (/^\w+$/.test(name) ? name : JSON.stringify(name));

function typeOf(schema) {
  if (schema === true || schema === undefined) return "unknown";
  if (schema.$ref) return nameOf(schema.$ref);
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  const some = schema.anyOf ?? schema.oneOf;
  if (some) return [...new Set(some.map((one) => bracketed(typeOf(one))))].join(" | ");
  if (schema.allOf) return schema.allOf.map((one) => bracketed(typeOf(one))).join(" & ");
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type })).join(" | ");
  switch (schema.type) {
    case "string": return "string";
    case "integer":
    case "number": return "number";
    case "boolean": return "boolean";
    case "null": return "null";
    case "array": return `${bracketed(typeOf(schema.items))}[]`;
    case "object": return objectOf(schema);
    case undefined: return "unknown";
    default: throw new Error(`a schema of type ${schema.type}`);
  }
}

function bracketed(type) {
  return /[|&]/.test(type) && !type.startsWith("{") ? `(${type})` : type;
}

function objectOf(schema) {
  const needed = new Set(schema.required ?? []);
  const members = Object.entries(schema.properties ?? {}).map(
    ([name, one]) => `${quoted(name)}${needed.has(name) ? "" : "?"}: ${typeOf(one)}`,
  );
  const more = schema.additionalProperties;
  if (members.length === 0) return `Record<string, ${typeof more === "object" ? typeOf(more) : "unknown"}>`;
  return `{ ${members.join("; ")} }`;
}

const ADMIN = "/v1/admin";

function jsonOf({ content } = {}) {
  return content?.["application/json"]?.schema;
}

function routeOf(method, path, { parameters = [], requestBody, responses }) {
  const queries = parameters.map(resolved).filter((one) => one.in === "query").map(({ name }) => JSON.stringify(name));
  const good = Object.entries(responses).filter(([status]) => status.startsWith("2"));
  const answers = good.map(([status, answer]) => `{ status: ${status}; data: ${jsonOf(resolved(answer)) ? typeOf(jsonOf(resolved(answer))) : '""'} }`);
  const variables = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => JSON.stringify(name));
  return `  ${JSON.stringify(`${method.toUpperCase()} ${path.slice(ADMIN.length)}`)}: {
    variables: ${variables.join(" | ") || "never"};
    query: ${queries.join(" | ") || "never"};
    body: ${requestBody ? typeOf(jsonOf(resolved(requestBody))) : "undefined"};
    answer: ${answers.join(" | ")};
  };
`;
}

function resolved(one) {
  return one.$ref ? one.$ref.slice(2).split("/").reduce((place, name) => place[name], { components, paths }) : one;
}

const METHODS = new Set(["get", "put", "post", "delete", "patch"]);
const routes = Object.entries(paths)
  .filter(([path]) => path.startsWith(`${ADMIN}/`))
  .flatMap(([path, verbs]) =>
    Object.entries(verbs)
      .filter(([method]) => METHODS.has(method))
      .map(([method, operation]) => routeOf(method, path, { ...operation, parameters: [...(verbs.parameters ?? []), ...(operation.parameters ?? [])] })),
  );
const lines = Object.entries(components.schemas).map(([name, schema]) => `export type ${nameOf(name)} = ${typeOf(schema)};\n`);
await writeFile(
  to,
  `// Made from docs/openapi.json by types.mjs; not kept in git.\n${lines.join("")}\nexport interface Routes {\n${routes.join("")}}\n`,
);
