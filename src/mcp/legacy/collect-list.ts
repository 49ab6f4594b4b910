import { asObject, type JsonObject } from "../../dialects/wire/json.ts";
import { encodeText } from "../../dialects/wire/text.ts";
import { type Clock, givenUp } from "../backends/clock.ts";
import { forwardedHeaders } from "../backends/forwarded-headers.ts";
import type { PreparedBackend } from "../prepare.ts";
import { RpcError, rpcCodes } from "../rpc/errors.ts";
import type { SessionVisit } from "../server.ts";
import { digestOf } from "../session/sessions.ts";
import { failureOutcome, succeeded } from "../telemetry/observer.ts";
import { callBackend, explain } from "./call-backend.ts";
import type { ListItem } from "./list-memory.ts";
import type { ListMethod } from "./list-methods.ts";
import { readListPage } from "./list-page.ts";
import { readAnswer } from "./relay-answer.ts";

const maxPages = 64;
const maxItems = 10_000;

export interface BackendList {
  readonly items: readonly ListItem[];
  readonly meta: JsonObject | undefined;
}

export interface CollectOptions {
  readonly list: ListMethod;
  /** Of the client's request, without what belongs to the client's own pages and progress. */
  readonly params: JsonObject;
  /** Takes what the backend says meanwhile. */
  readonly relay: (message: Uint8Array) => Promise<void> | undefined;
  /** The client has cancelled its request. */
  readonly signal: AbortSignal | undefined;
}

/** All that one backend lists, page after page. Rejects with `RpcError`. */
export async function collectList(
  visit: SessionVisit,
  backend: PreparedBackend,
  options: CollectOptions,
): Promise<BackendList> {
  const { server, route, observer } = visit;
  const { limits } = route.route;
  const { method } = options.list;
  const key = limits.listCacheMs > 0 ? cacheKey(visit, backend) : undefined;
  const cached = key === undefined ? undefined : backend.lists.cached(method, key, limits.listCacheMs);
  if (cached !== undefined) return { items: cached, meta: undefined };
  const clock = server.clocks.start({ totalMs: limits.listMs, idleMs: 0 }, visit.request);
  const onGone = () => clock.abort(givenUp);
  options.signal?.addEventListener("abort", onGone, { once: true });
  try {
    const list = await readPages(visit, backend, options, clock);
    if (key !== undefined) backend.lists.cache(method, key, list.items);
    observer.called(method, backend.name, succeeded, clock.elapsedMs);
    return list;
  } catch (error) {
    const explained = explain(visit, backend, error);
    observer.called(method, backend.name, failureOutcome(explained), clock.elapsedMs);
    throw explained;
  } finally {
    options.signal?.removeEventListener("abort", onGone);
    clock.stop();
  }
}

async function readPages(
  visit: SessionVisit,
  backend: PreparedBackend,
  options: CollectOptions,
  clock: Clock,
): Promise<BackendList> {
  const items: ListItem[] = [];
  const seen = new Set<string>();
  let meta: JsonObject | undefined;
  let cursor: string | undefined;
  for (let page = 0; page < maxPages; page++) {
    const read = await readPage(visit, backend, options, clock, cursor, page);
    for (const item of read.items) items.push(item);
    meta ??= read.meta;
    cursor = read.nextCursor;
    if (cursor === undefined) return { items, meta };
    if (seen.has(cursor) || items.length >= maxItems) break;
    seen.add(cursor);
  }
  visit.server.log.warn("an MCP server's list has no end; what came until now is used", {
    backend: backend.name,
    method: options.list.method,
    items: items.length,
  });
  return { items: items.slice(0, maxItems), meta };
}

async function readPage(
  visit: SessionVisit,
  backend: PreparedBackend,
  { list, params, relay }: CollectOptions,
  clock: Clock,
  cursor: string | undefined,
  page: number,
) {
  const id = `aigw-list-${page}`;
  const asked = cursor === undefined ? params : { ...params, cursor };
  const message = encodeText(JSON.stringify({ jsonrpc: "2.0", id, method: list.method, params: asked }));
  const answer = await callBackend(visit, backend, message, clock);
  const response = await readAnswer(visit, backend, answer, { id, clock, relay });
  const error = asObject(response.value["error"]);
  if (error !== undefined) throw asRpcError(error);
  return backend.lists.page(`${list.method} ${cursor ?? ""}`, response.bytes, () => {
    return readListPage(response, list, backend, visit.route.naming);
  });
}

function asRpcError({ code, message }: JsonObject): RpcError {
  return new RpcError(typeof code === "number" ? code : rpcCodes.internal, String(message ?? "failed"));
}

/** Clients that a backend cannot tell apart get the same list. */
function cacheKey(visit: SessionVisit, backend: PreparedBackend): string {
  const headers = forwardedHeaders(visit, backend);
  if (headers.length === 0) return "";
  return `${digestOf(visit.caller.principal) ?? ""} ${digestOf(JSON.stringify(headers))}`;
}
