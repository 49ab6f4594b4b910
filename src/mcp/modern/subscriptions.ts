import { asObject, type JsonObject } from "../../dialects/wire/json.ts";
import { editJson } from "../../dialects/wire/json-edit.ts";
import { encodeText } from "../../dialects/wire/text.ts";
import { EventOutlet, eventStreamHeaders } from "../client/outlet.ts";
import { editPaths } from "../json/edit-paths.ts";
import { callBackend, openLate } from "../legacy/call-backend.ts";
import { followBackend } from "../legacy/follow-backend.ts";
import { joinUri, splitUri } from "../naming/naming.ts";
import type { PreparedBackend } from "../prepare.ts";
import { RpcError, rpcCodes } from "../rpc/errors.ts";
import { type RpcNotification, type RpcRequest, readServerMessage } from "../rpc/read-message.ts";
import type { SessionVisit, Visit } from "../server.ts";
import { describeFailure, succeeded } from "../telemetry/observer.ts";
import { capabilitiesKey, metaOf, subscriptionKey } from "./era.ts";
import { endBackendSessions, newSession } from "./legacy-pool.ts";
import { modernCall, ownMeta } from "./modern-backend.ts";

/** How long the client's acknowledgement waits for those of backends. */
const acknowledgeMs = 2000;
const firstWaitMs = 1000;
const maxWaitMs = 30_000;

/** Kinds of changes: the member of the filter, and the notification that it asks for. */
const changes = {
  toolsListChanged: "notifications/tools/list_changed",
  promptsListChanged: "notifications/prompts/list_changed",
  resourcesListChanged: "notifications/resources/list_changed",
} as const;
type Change = keyof typeof changes;

/** What a client, or a backend for it, wants to hear of. */
interface Filter {
  readonly changes: readonly Change[];
  readonly uris: readonly string[];
}

/** Opens the stream on which a client hears of changes at all backends. */
export function subscribe(visit: Visit, message: RpcRequest): Response {
  const filter = readFilter(message);
  const stop = new AbortController();
  const { heartbeatMs } = visit.route.route.limits;
  const outlet = new EventOutlet({ heartbeatMs, onGone: () => stop.abort() });
  visit.request.signal.addEventListener("abort", () => stop.abort(), { once: true });
  void new Subscription(visit, message, filter, outlet, stop).run();
  visit.observer.called(message.method, undefined, succeeded);
  return new Response(outlet.body, { headers: eventStreamHeaders });
}

function readFilter({ params }: RpcRequest): Filter {
  const wanted = asObject(params?.["notifications"]);
  if (wanted === undefined)
    throw new RpcError(rpcCodes.invalidParams, "params.notifications must be an object");
  const uris: unknown = wanted["resourceSubscriptions"] ?? [];
  if (!Array.isArray(uris) || !uris.every((uri) => typeof uri === "string")) {
    throw new RpcError(
      rpcCodes.invalidParams,
      "params.notifications.resourceSubscriptions must be a list of URIs",
    );
  }
  const all = Object.keys(changes) as Change[];
  return { changes: all.filter((change) => wanted[change] === true), uris };
}

class Subscription {
  readonly #visit: Visit;
  readonly #message: RpcRequest;
  readonly #filter: Filter;
  readonly #outlet: EventOutlet;
  readonly #stop: AbortController;
  #isAcknowledged = false;
  readonly #early: Uint8Array[] = [];

  constructor(visit: Visit, message: RpcRequest, filter: Filter, outlet: EventOutlet, stop: AbortController) {
    this.#visit = visit;
    this.#message = message;
    this.#filter = filter;
    this.#outlet = outlet;
    this.#stop = stop;
  }

  async run(): Promise<void> {
    const { route, caller, request, server } = this.#visit;
    const end = () => this.#stop.abort();
    server.streams.add(end);
    this.#stop.signal.addEventListener("abort", () => {
      server.streams.delete(end);
      this.#outlet.close();
    });
    const wanted = route.backends.filter(({ name }) => route.access.selects(name, caller, request));
    const granted = wanted.map((backend) => this.#begin(backend).catch(() => undefined));
    await Promise.race([Promise.all(granted), new Promise((resolve) => setTimeout(resolve, acknowledgeMs))]);
    this.#acknowledge();
  }

  /** Resolves when the backend has said what it grants. */
  async #begin(backend: PreparedBackend): Promise<void> {
    const filter = this.#filterFor(backend);
    if (filter.changes.length === 0 && filter.uris.length === 0) return;
    const isModern = (await backend.era.find(this.#visit, backend)) !== undefined;
    if (isModern) await this.#followModern(backend, filter);
    else await this.#followLegacy(backend, filter);
  }

  #filterFor(backend: PreparedBackend): Filter {
    const { naming } = this.#visit.route;
    const uris = this.#filter.uris.flatMap((uri) => {
      if (naming === "transparent") return [uri];
      const owned = splitUri(uri);
      return owned?.prefix === backend.prefix ? [owned.bare] : [];
    });
    return { changes: this.#filter.changes, uris: uris.filter((uri) => this.#mayHear(backend, uri)) };
  }

  #mayHear(backend: PreparedBackend, uri: string): boolean {
    const { route, caller, request } = this.#visit;
    if (!backend.shows.resource(uri)) return false;
    if (!route.access.decides) return true;
    const method = "resources/subscribe";
    const operation = {
      method,
      backend: backend.name,
      kind: "resource",
      name: uri,
      params: { uri },
    } as const;
    return route.access.decide(operation, caller, request) === "allow";
  }

  /** Opens the backend's stream again whenever it ends; resolves with its first acknowledgement. */
  #followModern(backend: PreparedBackend, filter: Filter): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const follow = async () => {
      let waitMs = firstWaitMs;
      while (!this.#stop.signal.aborted) {
        const hasBegun = await this.#readModern(backend, filter, resolve).catch((error: unknown) => {
          const fields = { backend: backend.name, reason: describeFailure(error) };
          this.#visit.server.log.debug("the stream of an MCP server broke off", fields);
          return false;
        });
        resolve();
        if (this.#stop.signal.aborted) return;
        if (hasBegun) waitMs = firstWaitMs;
        await new Promise((done) => setTimeout(done, waitMs).unref?.());
        waitMs = Math.min(maxWaitMs, waitMs * 1.5);
      }
    };
    void follow();
    return promise;
  }

  /** Whether there was anything on the stream. */
  async #readModern(backend: PreparedBackend, filter: Filter, onAcknowledged: () => void): Promise<boolean> {
    const notifications: { [member: string]: unknown } = {};
    for (const change of filter.changes) notifications[change] = true;
    if (filter.uris.length > 0) notifications["resourceSubscriptions"] = filter.uris;
    const meta = {
      ...metaOf(this.#message),
      ...(metaOf(this.#message)[capabilitiesKey] === undefined ? ownMeta(this.#visit) : {}),
    };
    const params: JsonObject = { notifications, _meta: meta };
    const request = { id: "aigw-listen", method: "subscriptions/listen", params };
    const bytes = encodeText(JSON.stringify({ jsonrpc: "2.0", ...request }));
    const call = modernCall(this.#visit, backend, request, { signal: this.#stop.signal, touch: () => {} });
    const { messages } = await backend.connection.send(bytes, call);
    let hasBegun = false;
    for (;;) {
      const next = await messages.next();
      if (next === undefined) return hasBegun;
      const message = readServerMessage(next.bytes);
      if (message?.kind !== "notification") continue;
      hasBegun = true;
      if (message.method === "notifications/subscriptions/acknowledged") onAcknowledged();
      else await this.#pass(backend, message);
    }
  }

  /** A session of its own: the stream of a session that others share would go to one of them. */
  async #followLegacy(backend: PreparedBackend, filter: Filter): Promise<void> {
    const session = newSession(this.#visit, {});
    const visit: SessionVisit = { ...this.#visit, session };
    await openLate(visit, backend);
    for (const uri of filter.uris) await this.#subscribeLegacy(visit, backend, uri);
    const { signal } = this.#stop;
    signal.addEventListener("abort", () => endBackendSessions(session, this.#visit.route), { once: true });
    void followBackend(visit, backend, {
      signal,
      lastEventId: undefined,
      take: ({ bytes }) => {
        const message = readServerMessage(bytes);
        return message?.kind === "notification" ? this.#pass(backend, message) : undefined;
      },
    });
  }

  async #subscribeLegacy(visit: SessionVisit, backend: PreparedBackend, uri: string): Promise<void> {
    const request = { jsonrpc: "2.0", id: "aigw-subscribe", method: "resources/subscribe", params: { uri } };
    const bytes = encodeText(JSON.stringify(request));
    // Kept, so that it is made again where the backend loses its session.
    const own = visit.session.subscriptions.get(backend.name) ?? new Map<string, Uint8Array>();
    visit.session.subscriptions.set(backend.name, own.set(uri, bytes));
    const clock = visit.server.clocks.start({ totalMs: visit.route.route.limits.initializeMs, idleMs: 0 });
    try {
      (await callBackend(visit, backend, bytes, clock)).answer.messages.cancel();
    } finally {
      clock.stop();
    }
  }

  /** What the client asked for goes on, in its names and under its id; the rest is dropped. */
  #pass(backend: PreparedBackend, message: RpcNotification): Promise<void> | undefined {
    const { method, params = {} } = message;
    if (method.endsWith("/list_changed")) backend.lists.forget();
    const isChange = this.#filter.changes.some((change) => changes[change] === method);
    const { uri } = params;
    const isUpdate = method === "notifications/resources/updated" && typeof uri === "string";
    if (!isChange && !isUpdate) return undefined;
    const isRenamed = isUpdate && this.#visit.route.naming !== "transparent";
    const edits = isRenamed
      ? [{ path: ["params", "uri"], json: JSON.stringify(joinUri(backend.prefix, uri)) }]
      : [];
    return this.#write(editPaths(message.bytes, edits));
  }

  #acknowledge(): void {
    const notifications: { [member: string]: unknown } = {};
    for (const change of this.#filter.changes) notifications[change] = true;
    if (this.#filter.uris.length > 0) notifications["resourceSubscriptions"] = this.#filter.uris;
    const method = "notifications/subscriptions/acknowledged";
    this.#isAcknowledged = true;
    void this.#write(encodeText(JSON.stringify({ jsonrpc: "2.0", method, params: { notifications } })));
    for (const bytes of this.#early.splice(0)) void this.#outlet.write(bytes);
  }

  #write(message: Uint8Array): Promise<void> | undefined {
    const path = ["params", "_meta", subscriptionKey];
    const marked = editJson(message, [{ op: "set", path, json: this.#message.idText }]);
    if (this.#isAcknowledged) return this.#outlet.write(marked);
    this.#early.push(marked);
    return undefined;
  }
}
