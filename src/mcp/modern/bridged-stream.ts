import { editJson } from "../../dialects/wire/json-edit.ts";
import { encodeText } from "../../dialects/wire/text.ts";
import type {
  BackendCall,
  BackendConnection,
  BackendMessage,
  MessageReader,
} from "../backends/connection.ts";
import { readServerMessage } from "../rpc/read-message.ts";
import type { BridgedSession } from "./bridge.ts";
import { subscriptionKey } from "./era.ts";

/** What a modern server has to tell of changes, as the stream of a session. */
export class BridgedStream implements MessageReader {
  readonly lastEventId = undefined;
  readonly retryMs = undefined;
  readonly #raw: BackendConnection;
  readonly #session: BridgedSession;
  readonly #call: BackendCall;
  #upstream: MessageReader | undefined;
  #isRenewed = false;
  #isCancelled = false;

  constructor(raw: BackendConnection, session: BridgedSession, call: BackendCall) {
    this.#raw = raw;
    this.#session = session;
    this.#call = call;
  }

  async next(): Promise<BackendMessage | undefined> {
    for (;;) {
      if (this.#isCancelled) return undefined;
      this.#upstream ??= await this.#open();
      const next = await this.#upstream.next();
      if (next === undefined) {
        // It ended because another one is wanted, or by itself: then whoever reads opens the next.
        if (!this.#isRenewed) return undefined;
        this.#isRenewed = false;
        this.#upstream = undefined;
        continue;
      }
      const message = readServerMessage(next.bytes);
      if (message?.kind !== "notification" || message.method === "notifications/subscriptions/acknowledged")
        continue;
      return {
        bytes: editJson(next.bytes, [{ op: "remove", path: ["params", "_meta", subscriptionKey] }]),
        eventId: undefined,
      };
    }
  }

  /** The session wants to hear of other resources than before. */
  renew(): void {
    if (this.#upstream === undefined) return;
    this.#isRenewed = true;
    this.#upstream.cancel();
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#upstream?.cancel();
  }

  takeRaw(): undefined {
    return undefined;
  }

  async #open(): Promise<MessageReader> {
    const { meta, uris } = this.#session;
    const notifications = {
      toolsListChanged: true,
      promptsListChanged: true,
      resourcesListChanged: true,
      ...(uris.size === 0 ? {} : { resourceSubscriptions: [...uris] }),
    };
    const params = { notifications, _meta: meta };
    const message = { jsonrpc: "2.0", id: "aigw-listen", method: "subscriptions/listen", params };
    return (await this.#raw.send(encodeText(JSON.stringify(message)), this.#call)).messages;
  }
}
