import { joinBytes } from "../../dialects/wire/bytes.ts";
import { asObject, type JsonObject } from "../../dialects/wire/json.ts";
import { encodeText } from "../../dialects/wire/text.ts";
import type { Clock } from "../backends/clock.ts";
import { collectList } from "../legacy/collect-list.ts";
import { addVisible } from "../legacy/list-call.ts";
import type { ListItem } from "../legacy/list-memory.ts";
import { type ListMethod, listMethods } from "../legacy/list-methods.ts";
import { readListPage } from "../legacy/list-page.ts";
import type { PreparedBackend } from "../prepare.ts";
import { RpcError, rpcCodes } from "../rpc/errors.ts";
import type { RpcRequest } from "../rpc/read-message.ts";
import type { Visit } from "../server.ts";
import { failureOutcome, succeeded } from "../telemetry/observer.ts";
import { capabilitiesKey, metaOf, metaPrefix } from "./era.ts";
import { askModern } from "./modern-backend.ts";

const maxPages = 64;
const maxItems = 10_000;

/** What one backend lists, and how long that may be believed, and by whom. */
interface BackendItems {
  readonly items: readonly ListItem[];
  readonly ttlMs: number;
  readonly isPrivate: boolean;
}

/** One list of all backends, as far as the client may see it: the bytes of the answer. Rejects with `RpcError`. */
export async function listModern(visit: Visit, message: RpcRequest, list: ListMethod): Promise<Uint8Array> {
  const { route, caller, request } = visit;
  const wanted = route.backends.filter(({ name }) => route.access.selects(name, caller, request));
  const results = await Promise.allSettled(wanted.map((backend) => itemsOf(visit, message, list, backend)));
  const failures: { [backend: string]: string } = {};
  const items: ListItem[] = [];
  const names = new Set<string>();
  let ttlMs = Number.POSITIVE_INFINITY;
  let isPrivate = caller.principal !== undefined;
  for (const [index, result] of results.entries()) {
    const backend = wanted[index] as PreparedBackend;
    if (result.status === "rejected") {
      if (!(result.reason instanceof RpcError)) throw result.reason;
      failures[backend.name] = result.reason.message;
    } else if (result.value !== undefined) {
      addVisible(visit, backend, list, result.value, items, names);
      ttlMs = Math.min(ttlMs, result.value.ttlMs);
      isPrivate ||= result.value.isPrivate || backend.backend.forwardHeaders.length > 0;
    }
  }
  const failed = Object.keys(failures);
  if (failed.length > 0 && (route.route.failureMode === "closed" || failed.length === wanted.length)) {
    throw new RpcError(rpcCodes.internal, `no list from ${failed.join(", ")}`, {
      data: { backends: failures },
    });
  }
  const rest = {
    resultType: "complete",
    ttlMs: failed.length > 0 || !Number.isFinite(ttlMs) ? 0 : ttlMs,
    cacheScope: isPrivate ? "private" : "public",
    ...(failed.length > 0 ? { _meta: { "aigw/partial": failures } } : {}),
  };
  visit.observer.listed(items.length);
  return writeList(message.idText, list.member, items, rest);
}

function writeList(idText: string, member: string, items: readonly ListItem[], rest: object): Uint8Array {
  const pieces = [encodeText(`{"jsonrpc":"2.0","id":${idText},"result":{"${member}":[`)];
  for (const [index, { bytes }] of items.entries()) {
    if (index > 0) pieces.push(encodeText(","));
    pieces.push(bytes);
  }
  pieces.push(encodeText(`],${JSON.stringify(rest).slice(1)}}`));
  return joinBytes(pieces);
}

/** `undefined` for a backend that has no such list. */
async function itemsOf(
  visit: Visit,
  message: RpcRequest,
  list: ListMethod,
  backend: PreparedBackend,
): Promise<BackendItems | undefined> {
  const discovered = await backend.era.find(visit, backend);
  if (discovered === undefined) return legacyItems(visit, message, list, backend);
  const group = asObject(asObject(discovered["capabilities"])?.[`${list.kind}s`]);
  if (group === undefined) return undefined;
  const clock = visit.server.clocks.start(
    { totalMs: visit.route.route.limits.listMs, idleMs: 0 },
    visit.request,
  );
  try {
    const items = await readPages(visit, message, list, backend, clock);
    visit.observer.called(list.method, backend.name, succeeded, clock.elapsedMs);
    return items;
  } catch (error) {
    visit.observer.called(list.method, backend.name, failureOutcome(error), clock.elapsedMs);
    throw error;
  } finally {
    clock.stop();
  }
}

async function readPages(
  visit: Visit,
  message: RpcRequest,
  list: ListMethod,
  backend: PreparedBackend,
  clock: Clock,
): Promise<BackendItems> {
  const items: ListItem[] = [];
  const seen = new Set<string>();
  let ttlMs = Number.POSITIVE_INFINITY;
  let isPrivate = false;
  let cursor: string | undefined;
  for (let page = 0; page < maxPages && items.length < maxItems; page++) {
    const id = `aigw-list-${page}`;
    const params = { ...withoutPages(message.params), ...(cursor === undefined ? {} : { cursor }) };
    const bytes = encodeText(JSON.stringify({ jsonrpc: "2.0", id, method: list.method, params }));
    const request = { bytes, id, method: list.method, params };
    const { response } = await askModern(visit, backend, request, clock, () => undefined);
    const result = asObject(response.value["result"]);
    if (result === undefined) throw errorOf(response.value);
    const read = backend.lists.page(`${list.method} ${cursor ?? ""}`, response.bytes, () =>
      readListPage(response, list, backend, visit.route.naming),
    );
    items.push(...read.items);
    ttlMs = Math.min(ttlMs, Number(result["ttlMs"] ?? 0));
    isPrivate ||= result["cacheScope"] !== "public";
    cursor = read.nextCursor;
    if (cursor === undefined || seen.has(cursor)) break;
    seen.add(cursor);
  }
  return { items: items.slice(0, maxItems), ttlMs: Math.max(0, ttlMs), isPrivate };
}

function errorOf(value: JsonObject): RpcError {
  const { code, message, data } = asObject(value["error"]) ?? {};
  return new RpcError(typeof code === "number" ? code : rpcCodes.internal, String(message ?? "failed"), {
    data,
  });
}

async function legacyItems(
  visit: Visit,
  message: RpcRequest,
  list: ListMethod,
  backend: PreparedBackend,
): Promise<BackendItems | undefined> {
  const pooled = visit.server.pool.visit(visit, asObject(metaOf(message)[capabilitiesKey]) ?? {});
  const own = pooled.session.backend(backend.name);
  if (own !== undefined && (own.capabilities & list.capability) === 0) return undefined;
  const params = withoutModern(withoutPages(message.params));
  const options = { list, params, relay: () => undefined, signal: undefined };
  try {
    return { items: (await collectList(pooled, backend, options)).items, ttlMs: 0, isPrivate: true };
  } catch (error) {
    // It was not known what the backend has until it was asked.
    const opened = pooled.session.backend(backend.name);
    if (own === undefined && opened !== undefined && (opened.capabilities & list.capability) === 0)
      return undefined;
    throw error;
  }
}

/** Pages and progress are the gateway's own. */
function withoutPages(params: JsonObject = {}): JsonObject {
  const { cursor: _cursor, _meta: meta, ...rest } = params;
  const { progressToken: _token, ...others } = asObject(meta) ?? {};
  return { ...rest, _meta: others };
}

/** Without what only this era knows. */
function withoutModern({ _meta: meta, ...rest }: JsonObject): JsonObject {
  const others = Object.entries(asObject(meta) ?? {}).filter(([key]) => !key.startsWith(metaPrefix));
  return others.length === 0 ? rest : { ...rest, _meta: Object.fromEntries(others) };
}

/** The backend that has a bare name, where names have no prefix to tell; earlier backends go first. */
export async function findModernOwner(
  visit: Visit,
  message: RpcRequest,
  kind: "tool" | "prompt",
  bare: string,
): Promise<PreparedBackend | undefined> {
  const list = listMethods[`${kind}s/list`];
  if (list === undefined) return undefined;
  const { backends, access } = visit.route;
  const able = backends.filter(
    (backend) => backend.shows[kind](bare) && access.selects(backend.name, visit.caller, visit.request),
  );
  const known = able.find((backend) => backend.lists.offers(list.method, bare));
  if (known !== undefined) return known;
  const lists = await Promise.allSettled(able.map((backend) => itemsOf(visit, message, list, backend)));
  return able.find((_, index) => {
    const result = lists[index];
    return result?.status === "fulfilled" && result.value?.items.some((item) => item.bare === bare);
  });
}
