import type { Origin } from "../../model/origin.ts";
import { formatPath, type Path } from "../diagnostics.ts";
import { groups } from "../resources/common.ts";
import type { World } from "../world.ts";
import type { WrittenDocument, WrittenField } from "../yaml-writer.ts";
import { type ExpandOptions, expand } from "./expand.ts";
import type { WrittenServer } from "./read-servers.ts";
import { type HttpParts, readParts, type StdioParts } from "./server-parts.ts";

/** The Gateway that the servers are served at. */
export interface Home {
  readonly gateway: string;
  readonly namespace: string;
}

export const mcpRouteName = "mcp-route";
const maxNames = 32;

/** The resources that a user would have written for these servers, each with the places of what it was made from. */
export function writeServers(
  servers: readonly WrittenServer[],
  options: ExpandOptions,
  world: World,
  home: Home,
): WrittenDocument[] {
  const names = chooseNames(servers);
  const documents: WrittenDocument[] = [];
  const refs: { readonly server: WrittenServer; readonly ref: object }[] = [];
  for (const server of servers) {
    const parts = readParts(options, world, server);
    if (parts === undefined) continue;
    const name = names.get(server) ?? server.name;
    const selector = writeSelector(server, options);
    const prefix = parts.type === "http" && name !== server.name ? { prefix: server.name } : {};
    const protocol = server.value.protocol === undefined ? {} : { protocol: server.value.protocol };
    const own = parts.type === "http" ? writeHttpRef(name, parts) : writeStdioRef(server, parts);
    refs.push({ server, ref: { ...own, ...prefix, ...selector, ...protocol } });
    if (parts.type === "http") documents.push(...writeHttp(server, name, parts, home));
  }
  const [first] = servers;
  return first === undefined || refs.length === 0 ? documents : [...documents, writeRoute(first, refs, home)];
}

/** Names of resources are lower-case words; what clients see keeps its own spelling. */
function chooseNames(servers: readonly WrittenServer[]): Map<WrittenServer, string> {
  const taken = new Set(servers.map(({ name }) => name).filter(isResourceName));
  const names = new Map<WrittenServer, string>();
  for (const server of servers) {
    let name = server.name;
    if (!isResourceName(name)) {
      const slug = name
        .toLowerCase()
        .replace(/[^a-z0-9.-]/g, "-")
        .replace(/[.-]+$/, "")
        .replace(/([.-])(?=[.-])/g, "");
      for (let count = 1; taken.has(name) || !isResourceName(name); count++)
        name = count === 1 ? slug : `${slug}-${count}`;
      taken.add(name);
    }
    names.set(server, name);
  }
  return names;
}

function isResourceName(name: string): boolean {
  return /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name);
}

function writeHttp(
  server: WrittenServer,
  name: string,
  { url, token }: HttpParts,
  { namespace }: Home,
): WrittenDocument[] {
  const { isIp, host, port, isTls } = url;
  const endpoint = isIp ? { ip: { address: host, port } } : { fqdn: { hostname: host, port } };
  const write = (value: object): WrittenDocument => ({
    value,
    fields: fieldsOf([
      [[], server.origin([])],
      [["spec"], server.origin(["url"])],
    ]),
  });
  const documents = [
    write({
      apiVersion: `${groups.envoy}/v1alpha1`,
      kind: "Backend",
      metadata: { name, namespace },
      spec: { endpoints: [endpoint] },
    }),
  ];
  if (isTls) {
    documents.push(
      write({
        apiVersion: `${groups.gateway}/v1alpha3`,
        kind: "BackendTLSPolicy",
        metadata: { name: `${name}-tls`, namespace },
        spec: {
          targetRefs: [{ group: groups.envoy, kind: "Backend", name }],
          validation: { wellKnownCACertificates: "System", hostname: host },
        },
      }),
    );
  }
  if (token !== undefined) {
    documents.push(
      write({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: `${name}-token`, namespace },
        type: "Opaque",
        stringData: { apiKey: token },
      }),
    );
  }
  return documents;
}

function writeHttpRef(name: string, { url, isPathSecret, token, headers }: HttpParts): object {
  const path = url.rawPath === "" ? "/" : url.rawPath;
  return {
    group: groups.envoy,
    kind: "Backend",
    name,
    ...(isPathSecret ? { secretPath: path } : { path }),
    ...(url.query === undefined ? {} : { query: url.query }),
    ...(token === undefined ? {} : { securityPolicy: { apiKey: { secretRef: { name: `${name}-token` } } } }),
    ...(headers.length === 0 ? {} : { headers }),
  };
}

function writeStdioRef({ name, value }: WrittenServer, { command, args, env, cwd }: StdioParts): object {
  const { inheritEnv, mode, failFast } = value;
  return { name, stdio: { command, args, env, cwd, inheritEnv, mode, failFast } };
}

/** A selector takes 32 names; a longer list becomes patterns. */
function writeSelector(server: WrittenServer, options: ExpandOptions): { toolSelector?: object } {
  const { includeTools = [], excludeTools = [], disabledTools = [] } = server.value;
  const expandAll = (field: string, names: readonly string[]) =>
    names.map((name, index) => expand(options, server, [field, index], name).text);
  const shown = writeNames("include", expandAll("includeTools", includeTools));
  const hidden = writeNames("exclude", [
    ...expandAll("excludeTools", excludeTools),
    ...expandAll("disabledTools", disabledTools),
  ]);
  return shown === undefined && hidden === undefined ? {} : { toolSelector: { ...shown, ...hidden } };
}

function writeNames(field: "include" | "exclude", names: readonly string[]): object | undefined {
  if (names.length === 0) return undefined;
  if (names.length <= maxNames) return { [field]: names };
  const quoted = names.map((name) => name.replace(/[\\^$.|?*+()[\]{}]/g, "\\$&"));
  return { [`${field}Regex`]: [`^(?:${quoted.join("|")})$`] };
}

function writeRoute(
  first: WrittenServer,
  refs: readonly { readonly server: WrittenServer; readonly ref: object }[],
  { gateway, namespace }: Home,
): WrittenDocument {
  const value = {
    apiVersion: `${groups.ai}/v1beta1`,
    kind: "MCPRoute",
    metadata: { name: mcpRouteName, namespace },
    spec: {
      parentRefs: [{ group: groups.gateway, kind: "Gateway", name: gateway }],
      path: "/mcp",
      backendRefs: refs.map(({ ref }) => ref),
    },
  };
  const places = refs.flatMap(({ server }, index): [Path, Origin][] => {
    const path = ["spec", "backendRefs", index];
    return [
      [path, server.origin([])],
      [[...path, "headers"], server.origin(["headers"])],
      [[...path, "stdio"], server.origin(["command"])],
      [[...path, "toolSelector"], server.origin(["includeTools"])],
    ];
  });
  return { value, fields: fieldsOf([[[], first.origin([])], ...places]) };
}

function fieldsOf(places: readonly (readonly [Path, Origin])[]): Map<string, WrittenField> {
  return new Map(places.map(([path, { line, column }]) => [formatPath(path), { value: { line, column } }]));
}
