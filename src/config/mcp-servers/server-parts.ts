import { parseEnv } from "node:util";
import { type BaseUrl, parseBaseUrl } from "../autoconfig/base-url.ts";
import type { Path } from "../diagnostics.ts";
import { ConfigFailure, type World } from "../world.ts";
import { type Expanded, type ExpandOptions, expand } from "./expand.ts";
import type { WrittenServer } from "./read-servers.ts";
import { urlOf } from "./schema.ts";

/** What a server's entry comes down to, its variables replaced. */
export type ServerParts = HttpParts | StdioParts;

export interface HttpParts {
  readonly type: "http";
  readonly url: BaseUrl;
  /** Path and query hold a variable's value, which may be a key. */
  readonly isPathSecret: boolean;
  /** From `Authorization: Bearer …`. */
  readonly token: string | undefined;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}

export interface StdioParts {
  readonly type: "stdio";
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly cwd: string | undefined;
}

interface Reading extends ExpandOptions {
  readonly world: World;
  readonly server: WrittenServer;
}

/** `undefined` after a complaint. */
export function readParts(
  options: ExpandOptions,
  world: World,
  server: WrittenServer,
): ServerParts | undefined {
  const reading = { ...options, world, server };
  // A command wins over a URL, as everywhere.
  return server.value.command ? readStdio(reading) : readHttp(reading);
}

function readHttp(reading: Reading): HttpParts | undefined {
  const { server, report } = reading;
  const field = (["url", "serverUrl", "httpUrl"] as const).find((name) => server.value[name]) ?? "url";
  const { text, hasVariables } = expand(reading, server, [field], urlOf(server.value) ?? "", true);
  const { token, headers } = readHeaders(reading);
  if (server.value.type === "sse") {
    const message =
      "type sse is the transport of 2024, which is not supported: the URL is asked for Streamable HTTP";
    warn(reading, ["type"], message);
  }
  try {
    const url = parseBaseUrl(`MCP server ${JSON.stringify(server.name)}: ${field}`, text);
    if (url.dropped.includes("user information")) warn(reading, [field], "the user in the URL is ignored");
    return { type: "http", url, isPathSecret: hasVariables, token, headers };
  } catch (error) {
    if (!(error instanceof ConfigFailure)) throw error;
    report.error(server.origin([field]), "mcp-url", error.message);
    return undefined;
  }
}

/** The token that becomes the server's key, and all other headers. */
function readHeaders(reading: Reading): Pick<HttpParts, "token" | "headers"> {
  const { server } = reading;
  let token: string | undefined;
  const headers: { name: string; value: string }[] = [];
  for (const [name, written] of Object.entries(server.value.headers ?? {})) {
    const field = ["headers", name];
    const value = expand(reading, server, field, written, true).text;
    if (name.toLowerCase() !== "authorization" || !/^Bearer( |$)/.test(value)) headers.push({ name, value });
    else if (value.slice("Bearer".length).trim() !== "") token = value.slice("Bearer".length).trim();
    else warn(reading, field, "the token is empty: the server is called without one");
  }
  return { token, headers };
}

function readStdio(reading: Reading): StdioParts {
  const { server } = reading;
  const { command = "", args = [], env = {}, cwd } = server.value;
  const text = (field: Path, written: string): string => expand(reading, server, field, written).text;
  const own = Object.entries(env).map(([name, written]) => ({ name, value: text(["env", name], written) }));
  const overwritten = new Set(own.map(({ name }) => name));
  const fromFile = readEnvFile(reading).filter(({ name }) => !overwritten.has(name));
  return {
    type: "stdio",
    command: text(["command"], command),
    args: args.map((written, index) => text(["args", index], written)),
    env: [...fromFile, ...own],
    cwd: cwd === undefined ? undefined : text(["cwd"], cwd),
  };
}

function readEnvFile(reading: Reading): { name: string; value: string }[] {
  const { server, world, report } = reading;
  const written = server.value.envFile;
  if (written === undefined) return [];
  const path: Expanded = expand(reading, server, ["envFile"], written);
  try {
    const variables = Object.entries(parseEnv(world.readFile(path.text)));
    return variables.map(([name, value = ""]) => ({ name, value }));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `MCP server ${JSON.stringify(server.name)}: envFile: cannot read ${JSON.stringify(path.text)}: ${reason}`;
    report.error(server.origin(["envFile"]), "mcp-env-file", message);
    return [];
  }
}

function warn({ report, server }: Reading, field: Path, message: string): void {
  const place = `MCP server ${JSON.stringify(server.name)}: ${field.join(".")}`;
  report.warning(server.origin(field), "mcp-server", `${place}: ${message}`);
}
