import { describe, expect, test } from "bun:test";
import { compileText, findings } from "../testing.ts";

/** What the schema of MCPRoute says to a route with these fields beside its parent and its server. */
function complaints(fields: string, version = "v1beta1"): string[] {
  const text = `apiVersion: aigateway.envoyproxy.io/${version}\nkind: MCPRoute\nmetadata: {name: x}\nspec:\n${fields}\n`;
  const around =
    /no Gateway resource|is not in the configuration|is deprecated|covers tools only|are not served|MCPRoute default\/x references/;
  return findings(compileText(text))
    .filter((line) => !around.test(line))
    .map((line) => line.replace(/^\w+ gw\.yaml:\d+:\d+: document 1 \(\S+ default\/x\): /, ""));
}

const parents = "  parentRefs: [{name: gw}]";
const ref = "name: a, group: gateway.envoyproxy.io, kind: Backend";
const server = (more = "") => `${parents}\n  backendRefs: [{${ref}${more}}]`;
const selector = (fields: string) => server(`, toolSelector: {${fields}}`);
const apiKey = (fields: string) => server(`, securityPolicy: {apiKey: {${fields}}}`);
const oauthFields = (more = "") =>
  `{issuer: "https://id.example.com", protectedResourceMetadata: {resource: "https://gw.example.com/mcp"}${more}}`;
const oauth = (more = "") => `${server()}\n  securityPolicy: {oauth: ${oauthFields(more)}}`;
const jwtRule = (jwt: string, isOauth = true) =>
  `${server()}\n  securityPolicy: {${isOauth ? `oauth: ${oauthFields()}, ` : ""}authorization: {rules: [{source: {jwt: ${jwt}}}]}}`;

describe("MCPRoute accepts", () => {
  test.each([
    ["a parent and a server", server()],
    ["a Gateway named as one", `  parentRefs: [{name: gw, kind: Gateway}]\n  backendRefs: [{${ref}}]`],
    [
      "two servers",
      `${parents}\n  backendRefs: [{${ref}}, {name: b, group: gateway.envoyproxy.io, kind: Backend}]`,
    ],
    ["names of tools", selector("include: [a, b]")],
    ["patterns of tools", selector("includeRegex: ['^a.*']")],
    ["tools that are hidden", selector("exclude: [a]")],
    ["patterns of tools that are hidden", selector("excludeRegex: ['(?i)DELETE']")],
    ["both kinds", selector("include: [a], excludeRegex: [b]")],
    ["a key in a Secret", apiKey("secretRef: {name: s}")],
    ["a key in a header of its own", apiKey("inline: k, header: x-api-key")],
    ["a key in the query", apiKey("inline: k, queryParam: key")],
    ["keys of tokens at a URL", oauth(', jwks: {remoteJWKS: {uri: "https://id.example.com/keys"}}')],
    ["keys of tokens as they are", oauth(`, jwks: {localJWKS: {inline: '{"keys": []}'}}`)],
    ["a rule for scopes", jwtRule("{scopes: [a]}")],
    ["a rule for claims", jwtRule("{claims: [{name: a.b, valueType: StringArray, values: [x]}]}")],
    [
      "rules without tokens",
      `${server()}\n  securityPolicy: {authorization: {defaultAction: Allow, rules: [{target: {tools: [{backend: a, tool: t}]}, action: Deny}]}}`,
    ],
    ["a choice of servers", `${server()}\n  backendSelector: {rules: [{cel: "request.mcp.backend == 'a'"}]}`],
    [
      "hosts, headers and a path",
      `${server()}\n  hostnames: [a.b]\n  headers: [{name: x, value: y}]\n  path: /m`,
    ],
    ["a child process", `${parents}\n  backendRefs: [{name: fs, stdio: {command: npx, args: [-y, x]}}]`],
  ])("%s", (_, fields) => {
    expect(complaints(fields)).toEqual([]);
    expect(complaints(fields, "v1alpha1")).toEqual([]);
  });
});

describe("MCPRoute refuses", () => {
  test.each([
    [
      "no parent",
      `  parentRefs: []\n  backendRefs: [{${ref}}]`,
      "spec.parentRefs: should have at least 1 items",
    ],
    [
      "a parent that is no Gateway",
      `  parentRefs: [{name: a, kind: Service}]\n  backendRefs: [{${ref}}]`,
      "only Gateway is supported",
    ],
    ["no server", `${parents}\n  backendRefs: []`, "spec.backendRefs: should have at least 1 items"],
    [
      "servers of one name",
      `${parents}\n  backendRefs: [{${ref}}, {${ref}}]`,
      "all backendRefs names must be unique",
    ],
    [
      "a Service without a port",
      `${parents}\n  backendRefs: [{name: a}]`,
      "Must have port for Service reference",
    ],
    [
      "a selector that selects nothing",
      server(", toolSelector: {}"),
      "at least one of include, includeRegex, exclude, or excludeRegex must be specified",
    ],
    [
      "names and patterns to show",
      selector("include: [a], includeRegex: [a]"),
      "include and includeRegex are mutually exclusive",
    ],
    [
      "names and patterns to hide",
      selector("exclude: [a], excludeRegex: [a]"),
      "exclude and excludeRegex are mutually exclusive",
    ],
    [
      "33 tools",
      selector(`include: [${Array.from({ length: 33 }, (_, index) => `t${index}`)}]`),
      "must have at most 32 items",
    ],
    [
      "a key from two places",
      apiKey("inline: k, secretRef: {name: s}"),
      "exactly one of secretRef or inline must be set",
    ],
    ["a key from nowhere", apiKey("header: x"), "exactly one of secretRef or inline must be set"],
    [
      "a key in two places",
      apiKey("inline: k, header: x, queryParam: y"),
      "only one of header or queryParam can be set",
    ],
    ["keys of tokens from nowhere", oauth(", jwks: {}"), "either remoteJWKS or localJWKS must be specified."],
    [
      "keys of tokens from two places",
      oauth(', jwks: {remoteJWKS: {uri: "https://a.b"}, localJWKS: {inline: "{}"}}'),
      "remoteJWKS and localJWKS cannot both be specified.",
    ],
    [
      "local keys of the wrong type",
      oauth(', jwks: {localJWKS: {type: ValueRef, inline: "{}"}}'),
      "Exactly one of inline or valueRef must be set with correct type.",
    ],
    [
      "a rule for tokens without OAuth",
      jwtRule("{scopes: [a]}", false),
      "oauth must be configured when any authorization rule uses a jwt source",
    ],
    [
      "a claim named scope",
      jwtRule("{claims: [{name: scope, values: [a]}]}"),
      "'scope' claim name is reserved for OAuth scopes",
    ],
    ["a rule for any token", jwtRule("{}"), "either scopes or claims must be specified"],
    [
      "an issuer that is no URL",
      `${server()}\n  securityPolicy: {oauth: {issuer: id, protectedResourceMetadata: {resource: "https://a"}}}`,
      "must be an http or https URL",
    ],
    [
      "external authorization",
      `${server()}\n  securityPolicy: {extAuth: {http: {}}}`,
      "refusing to start because ignoring it would weaken security",
    ],
    ["a prefix with the separator", server(", prefix: a__b"), 'must not contain "__"'],
  ])("%s", (_, fields, want) => {
    expect(complaints(fields).join("\n")).toContain(want);
  });
});
