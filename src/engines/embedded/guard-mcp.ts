import type { LocalAnswer } from "../../endpoints/index.ts";
import type { McpMount } from "../../model/mcp.ts";
import { type HeaderChange, type Identity, nobody } from "../../policy/access/admission.ts";
import type { Gatekeeper } from "../../policy/access/gatekeeper.ts";
import type { Connection } from "../../runtime/runtime.ts";
import { admit, type Visitor } from "../admit.ts";
import { isDocument } from "./mcp-mounts.ts";
import { type EmbeddedTwin, gatekeeperOf } from "./prepare.ts";

/**
 * Asks the SecurityPolicy of an MCP route who comes, before the route's own policy does. `serve` gets the request with
 * what was found out in its headers.
 */
export function guardMcp(
  { gatekeepers }: EmbeddedTwin,
  { access }: McpMount,
  path: string,
  request: Request,
  connection: Pick<Connection, "remoteAddress">,
  serve: (request: Request) => Promise<Response>,
): Promise<Response> {
  if (access === undefined || isDocument(path)) return serve(request);
  return askFirst(gatekeeperOf(access, gatekeepers), request, connection, serve);
}

async function askFirst(
  gatekeeper: Gatekeeper,
  request: Request,
  connection: Pick<Connection, "remoteAddress">,
  serve: (request: Request) => Promise<Response>,
): Promise<Response> {
  const { cors } = gatekeeper;
  const preflight = cors?.preflight(request.method, request.headers);
  if (preflight !== undefined) return new Response(null, { status: 200, headers: listed(preflight) });
  const shown = cors?.answer(request.headers) ?? [];
  const visitor = new McpVisitor(request, connection);
  const refused = await admit(visitor, gatekeeper, "openai");
  const answer = refused === undefined ? await serve(visitor.request) : refusal(refused);
  for (const [name, value] of shown) answer.headers.set(name, value);
  return answer;
}

/** MCP clients read errors of JSON-RPC; the reason stays here. */
function refusal({ status, headers }: LocalAnswer): Response {
  const message = status === 401 ? "authentication is required" : "access denied";
  const error = { jsonrpc: "2.0", id: null, error: { code: -32000, message } };
  const own = headers.filter(([name]) => name !== "content-type");
  return Response.json(error, { status, headers: listed(own) });
}

function listed(headers: readonly (readonly [string, string])[]): [string, string][] {
  return headers.map(([name, value]) => [name, value]);
}

class McpVisitor implements Visitor {
  readonly requestId = "";
  request: Request;
  identity: Identity = nobody;
  refusal: string | undefined;
  readonly #connection: Pick<Connection, "remoteAddress">;

  constructor(request: Request, connection: Pick<Connection, "remoteAddress">) {
    this.request = request;
    this.#connection = connection;
  }

  get accessRequest() {
    const { method, headers, url } = this.request;
    const { pathname, search } = new URL(url);
    const clientAddress = () => this.#connection.remoteAddress();
    return { method, target: pathname + search, headers, clientAddress };
  }

  change(changes: readonly HeaderChange[], target?: string): void {
    if (changes.length === 0 && target === undefined) return;
    const { url, headers: before } = this.request;
    const headers = new Headers(before);
    for (const [name, value] of changes) {
      if (value === undefined) headers.delete(name);
      else headers.set(name, value);
    }
    const changed = target === undefined ? this.request : new Request(new URL(target, url), this.request);
    this.request = new Request(changed, { headers });
  }
}
