import { joinBytes } from "../../dialects/wire/bytes.ts";
import { isObject, type JsonObject } from "../../dialects/wire/json.ts";
import { encodeText } from "../../dialects/wire/text.ts";
import { Reply } from "../client/reply.ts";
import type { PreparedBackend } from "../prepare.ts";
import { RpcError, rpcCodes, writeError } from "../rpc/errors.ts";
import type { RpcRequest } from "../rpc/read-message.ts";
import type { SessionVisit, Visit } from "../server.ts";
import { failureOutcome } from "../telemetry/observer.ts";
import { type BackendList, collectList } from "./collect-list.ts";
import { readCursor, writeCursor } from "./list-cursor.ts";
import type { ListItem } from "./list-memory.ts";
import type { ListMethod } from "./list-methods.ts";

/** Why a backend is not in a merged answer, for people. */
type Failures = { [backend: string]: string };

/** Asks all backends that have such a list, and answers with one list of everything that the client may see. */
export function listCall(visit: SessionVisit, message: RpcRequest, list: ListMethod): Promise<Response> {
  const gone = new AbortController();
  const leave = () => gone.abort();
  const reply = new Reply({
    clocks: visit.server.clocks,
    heartbeatMs: visit.route.route.limits.heartbeatMs,
    onGone: leave,
  });
  visit.session.pending.set(message.idText, {
    cancel() {
      leave();
      reply.drop();
    },
  });
  void answer(visit, message, list, reply, gone.signal).finally(() =>
    visit.session.pending.delete(message.idText),
  );
  return reply.response;
}

/** Never rejects: whatever goes wrong becomes the client's answer. */
async function answer(
  visit: SessionVisit,
  message: RpcRequest,
  list: ListMethod,
  reply: Reply,
  signal: AbortSignal,
): Promise<void> {
  try {
    const relay = (bytes: Uint8Array) => reply.relay(bytes);
    const { items, meta } = await mergedList(visit, message, list, relay, signal);
    reply.finish(writeList(visit, message, list, items, meta));
    visit.observer.listed(items.length);
  } catch (error) {
    if (!(error instanceof RpcError)) {
      visit.server.log.error("an MCP request failed", {
        error: String(error instanceof Error ? error.stack : error),
      });
    }
    const known =
      error instanceof RpcError
        ? error
        : new RpcError(rpcCodes.internal, "the gateway failed to handle this request");
    reply.finish(encodeText(writeError(known, message.idText)), known.status, known.headers);
    visit.observer.end(failureOutcome(known));
  }
}

interface MergedList {
  readonly items: readonly ListItem[];
  readonly meta: JsonObject;
}

async function mergedList(
  visit: SessionVisit,
  { params }: RpcRequest,
  list: ListMethod,
  relay: (bytes: Uint8Array) => Promise<void> | undefined,
  signal: AbortSignal,
): Promise<MergedList> {
  const options = { list, params: paramsForBackends(params), relay, signal };
  const failures: Failures = {};
  const asked = eligible(visit, list, failures);
  const results = await Promise.allSettled(asked.map((backend) => collectList(visit, backend, options)));
  const items: ListItem[] = [];
  const names = new Set<string>();
  let meta: JsonObject = {};
  for (const [index, result] of results.entries()) {
    const backend = asked[index] as PreparedBackend;
    if (result.status === "rejected") failures[backend.name] = reasonOf(result.reason);
    else {
      addVisible(visit, backend, list, result.value, items, names);
      meta = { ...result.value.meta, ...meta };
    }
  }
  const failed = Object.keys(failures);
  const hasAnswer = results.some(({ status }) => status === "fulfilled");
  // An empty list instead would be believed, and kept.
  if (failed.length > 0 && (visit.route.route.failureMode === "closed" || !hasAnswer)) {
    throw new RpcError(rpcCodes.internal, `no list from ${failed.join(", ")}`, {
      data: { backends: failures },
    });
  }
  return { items, meta: failed.length === 0 ? meta : { ...meta, "aigw/partial": failures } };
}

function reasonOf(reason: unknown): string {
  return reason instanceof RpcError ? reason.message : "failed";
}

/**
 * The backends that have such a list. One that the session has no part in is tried as well, if it may be had and it is
 * time to try again.
 */
function eligible(visit: SessionVisit, list: ListMethod, failures: Failures): PreparedBackend[] {
  const { route, session, caller, request } = visit;
  return route.backends.filter((backend) => {
    const own = session.backend(backend.name);
    if (own !== undefined) return (own.capabilities & list.capability) !== 0;
    if (!route.access.selects(backend.name, caller, request)) return false;
    if (!backend.health.mayOpen) failures[backend.name] = `backend "${backend.name}" is not available`;
    return backend.health.mayOpen;
  });
}

/** Progress of several requests under one token would make no sense, and pages are the gateway's own. */
function paramsForBackends(params: JsonObject = {}): JsonObject {
  const { cursor: _cursor, _meta: meta, ...rest } = params;
  if (!isObject(meta)) return rest;
  const { progressToken: _token, ...others } = meta;
  return { ...rest, _meta: others };
}

/** What the selectors and the policy let through. Where names have no prefix, the first of equal ones counts. */
export function addVisible(
  { route, caller, request, server }: Visit,
  backend: PreparedBackend,
  { kind, method, key }: ListMethod,
  list: Pick<BackendList, "items">,
  items: ListItem[],
  names: Set<string>,
): void {
  const isShown = backend.shows[kind];
  const isBare = route.naming === "bare" && key === "name";
  for (const item of list.items) {
    if (!isShown(item.bare)) continue;
    const operation = {
      method: operationOf(method),
      backend: backend.name,
      kind,
      name: item.bare,
      params: undefined,
    };
    if (route.access.decides && route.access.decide(operation, caller, request) !== "allow") continue;
    if (isBare && names.has(item.bare)) {
      server.log.debug("two MCP servers have the same name; the first is listed", {
        name: item.bare,
        hidden: backend.name,
      });
      continue;
    }
    names.add(item.bare);
    items.push(item);
  }
}

/** An item is listed if the client could use it. */
function operationOf(method: string): string {
  if (method === "tools/list") return "tools/call";
  return method === "prompts/list" ? "prompts/get" : "resources/read";
}

const comma = encodeText(",");

function writeList(
  visit: SessionVisit,
  { idText, params }: RpcRequest,
  { member, method }: ListMethod,
  items: readonly ListItem[],
  meta: JsonObject,
): Uint8Array {
  const { pageSize } = visit.route.route.limits;
  const from =
    pageSize > 0 || params?.["cursor"] !== undefined
      ? readCursor(visit, method, params?.["cursor"], items)
      : 0;
  const to = pageSize > 0 ? Math.min(items.length, from + pageSize) : items.length;
  const pieces: Uint8Array[] = [encodeText(`{"jsonrpc":"2.0","id":${idText},"result":{"${member}":[`)];
  for (let index = from; index < to; index++) {
    const item = items[index];
    if (item === undefined) continue;
    if (index > from) pieces.push(comma);
    pieces.push(item.bytes);
  }
  const cursor =
    to < items.length ? `,"nextCursor":${JSON.stringify(writeCursor(visit, method, to, items))}` : "";
  const metaText = Object.keys(meta).length === 0 ? "" : `,"_meta":${JSON.stringify(meta)}`;
  pieces.push(encodeText(`]${cursor}${metaText}}}`));
  return joinBytes(pieces);
}
