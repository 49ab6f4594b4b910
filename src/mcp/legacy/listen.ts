import { asObject } from "../../dialects/wire/json.ts";
import { EventOutlet, eventStreamHeaders } from "../client/outlet.ts";
import { editPaths } from "../json/edit-paths.ts";
import { resultEdits } from "../naming/rewrite.ts";
import type { PreparedBackend } from "../prepare.ts";
import { readServerMessage } from "../rpc/read-message.ts";
import type { SessionVisit } from "../server.ts";
import { capability } from "../session/capabilities.ts";
import { listenStream, readEventId, type StreamPlace, writeEventId } from "../session/event-ids.ts";
import { ChangeNotices } from "./change-notices.ts";
import { followBackend } from "./follow-backend.ts";
import { postBackSoon } from "./post-back.ts";
import { translateServerMessage } from "./server-message.ts";

const speaks =
  capability.toolsListChanged |
  capability.promptsListChanged |
  capability.resourcesListChanged |
  capability.resourcesSubscribe |
  capability.logging;

/** Opens the stream of what backends say unasked, or goes on with a stream that broke off. */
export function listen(visit: SessionVisit): Response {
  const lastEventId = visit.request.headers.get("last-event-id");
  const place = lastEventId === null ? undefined : readEventId(visit, lastEventId);
  const stop = new AbortController();
  const { limits } = visit.route.route;
  const outlet = new EventOutlet({ heartbeatMs: limits.heartbeatMs, onGone: () => stop.abort() });
  // Clients that wait for a first sign get one.
  outlet.comment();
  if (place !== undefined && place.stream !== listenStream) resumeCall(visit, place, outlet, stop);
  else new Listening(visit, outlet, stop, place?.ids ?? {}).start();
  return new Response(outlet.body, { headers: eventStreamHeaders });
}

/** The stream of one client's session. A new one takes the place of the one before. */
class Listening {
  readonly #visit: SessionVisit;
  readonly #outlet: EventOutlet;
  readonly #stop: AbortController;
  readonly #notices: ChangeNotices;
  /** The last event of each backend that gives its events ids. */
  readonly #ids: { [backend: string]: string };

  constructor(visit: SessionVisit, outlet: EventOutlet, stop: AbortController, ids: StreamPlace["ids"]) {
    this.#visit = visit;
    this.#outlet = outlet;
    this.#stop = stop;
    this.#ids = { ...ids };
    this.#notices = new ChangeNotices((message) => void outlet.write(message));
  }

  start(): void {
    const { session, route } = this.#visit;
    session.closeStream?.();
    const close = () => this.#stop.abort();
    session.closeStream = close;
    const notify = (message: Uint8Array) => this.#notices.add(message);
    session.notify = notify;
    this.#stop.signal.addEventListener("abort", () => {
      this.#notices.close();
      this.#outlet.close();
      if (session.closeStream === close) session.closeStream = undefined;
      if (session.notify === notify) session.notify = undefined;
    });
    for (const backend of route.backends) if (this.#isWorthwhile(backend)) void this.#follow(backend);
  }

  /** A stream to a server that has nothing to say would only hold a socket. */
  #isWorthwhile({ name, connection }: PreparedBackend): boolean {
    const { session } = this.#visit;
    const own = session.backend(name);
    if (own === undefined) return false;
    const { sampling, elicitation, roots } = session.capabilities;
    const canBeAsked =
      connection.canAsk && [sampling, elicitation, roots].some((group) => asObject(group) !== undefined);
    return canBeAsked || (own.capabilities & speaks) !== 0;
  }

  #follow(backend: PreparedBackend): Promise<void> {
    return followBackend(this.#visit, backend, {
      signal: this.#stop.signal,
      lastEventId: this.#ids[backend.name],
      take: ({ bytes, eventId }) => this.#take(backend, bytes, eventId),
    });
  }

  async #take(backend: PreparedBackend, bytes: Uint8Array, eventId: string | undefined): Promise<void> {
    const message = readServerMessage(bytes);
    // An answer belongs on the stream of its request.
    if (message === undefined || message.kind === "response") return;
    const translated = translateServerMessage(this.#visit, backend, message);
    if (translated.type === "answer") {
      postBackSoon(this.#visit, backend, translated.bytes);
      return;
    }
    if (message.method.endsWith("/list_changed")) {
      this.#notices.add(translated.bytes);
      return;
    }
    if (eventId === undefined) return this.#outlet.write(translated.bytes);
    this.#ids[backend.name] = eventId;
    await this.#outlet.write(
      translated.bytes,
      writeEventId(this.#visit, { stream: listenStream, ids: this.#ids }),
    );
  }
}

/** The rest of the answer to a request whose stream broke off, and nothing else; then the stream ends. */
function resumeCall(
  visit: SessionVisit,
  place: StreamPlace,
  outlet: EventOutlet,
  stop: AbortController,
): void {
  const { stream } = place;
  const [name, lastEventId] = Object.entries(place.ids)[0] ?? [];
  const backend = name === undefined ? undefined : visit.route.byName.get(name);
  if (stream === listenStream || backend === undefined) {
    outlet.close();
    return;
  }
  const take = async (bytes: Uint8Array, eventId: string | undefined): Promise<void> => {
    const message = readServerMessage(bytes);
    if (message === undefined) return;
    if (message.kind === "response") {
      if (message.idText !== stream.idText) return;
      const result = asObject(message.value["result"]);
      const isRewritten = result !== undefined && visit.route.naming !== "transparent";
      const edits = isRewritten ? resultEdits(stream.method, result, backend.prefix) : [];
      await outlet.write(editPaths(bytes, edits));
      stop.abort();
      return;
    }
    const translated = translateServerMessage(visit, backend, message);
    if (translated.type === "answer") postBackSoon(visit, backend, translated.bytes);
    else if (eventId === undefined) await outlet.write(translated.bytes);
    else
      await outlet.write(translated.bytes, writeEventId(visit, { stream, ids: { [backend.name]: eventId } }));
  };
  void followBackend(visit, backend, {
    signal: stop.signal,
    lastEventId,
    take: ({ bytes, eventId }) => take(bytes, eventId),
  }).finally(() => outlet.close());
}
