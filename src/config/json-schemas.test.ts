import { expect, test } from "bun:test";
import { jsonSchemas, mcpServersSchema } from "./json-schemas.ts";
import { kinds } from "./kinds.ts";

interface Schema {
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly required?: readonly string[];
  readonly properties?: { readonly [name: string]: Schema };
  readonly items?: Schema;
}

const schemas = jsonSchemas() as {
  readonly allOf: readonly { readonly if: object; readonly then: { readonly $ref: string } }[];
  readonly $defs: { readonly [name: string]: Schema };
};

test("jsonSchemas has every version of every kind, and points to each", () => {
  const names = Object.entries(kinds).flatMap(([kind, { group, versions }]) =>
    Object.keys(versions).map((version) => `${group === "" ? "" : `${group}/`}${version}/${kind}`),
  );
  expect(Object.keys(schemas.$defs)).toEqual(names);
  expect(schemas.allOf.map(({ then }) => then.$ref)).toEqual(
    names.map((name) => `#/$defs/${name.replaceAll("/", "~1")}`),
  );
});

test("jsonSchemas tells types, defaults and what is not honoured", () => {
  const backend =
    schemas.$defs["aigateway.envoyproxy.io/v1beta1/AIServiceBackend"]?.properties?.["spec"]?.properties;
  expect(backend?.["schema"]?.properties?.["name"]?.enum).toContain("AWSBedrock");
  const route = schemas.$defs["aigateway.envoyproxy.io/v1beta1/AIGatewayRoute"]?.properties?.["spec"];
  const reference = route?.properties?.["rules"]?.items?.properties?.["backendRefs"]?.items;
  expect(reference?.properties?.["weight"]?.default).toBe(1);
  expect(reference?.required).toEqual(["name"]);
  const client =
    schemas.$defs["gateway.envoyproxy.io/v1alpha1/ClientTrafficPolicy"]?.properties?.["spec"]?.properties;
  expect(client?.["timeout"]?.description).toBe("This field is not supported by aigw yet and is ignored");
});

test("jsonSchemas is plain JSON without our own notes", () => {
  const text = JSON.stringify(schemas);
  expect(JSON.parse(text)).toEqual(schemas);
  expect(text).not.toContain('"support":');
  expect(text).not.toContain('"isSecret":');
});

test("mcpServersSchema tells the fields of a server, under both names of the list", () => {
  const { properties } = mcpServersSchema() as Schema;
  for (const list of [properties?.["mcpServers"], properties?.["servers"]]) {
    const server = (list as { readonly additionalProperties?: Schema }).additionalProperties;
    expect(server?.properties?.["url"]?.description).toBe("Of the server's endpoint, with path and query");
    expect(server?.properties?.["mode"]?.enum).toEqual(["shared", "perSession"]);
    expect(server?.required).toBeUndefined();
  }
});
