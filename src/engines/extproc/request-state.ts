import type { Endpoint } from "../../endpoints/index.ts";
import { Exchange } from "../../exchange/exchange.ts";
import type { PreparedBackend } from "../../exchange/prepare.ts";
import type { Outcome, Settled } from "../../exchange/settled.ts";
import type { Key } from "../../model/origin.ts";
import type { Pass, RuleTraffic } from "../traffic/guard.ts";
import { AttemptEdits } from "./attempt-edits.ts";
import type { EnvoyHeaders } from "./envoy-headers.ts";
import type { EnvoyVisitor } from "./envoy-visitor.ts";
import type { Generation } from "./generations.ts";
import { internalPrefix } from "./names.ts";

/** One client request, as the streams of both levels share it. */
export class RequestState {
  /** By which the streams find each other. */
  readonly id: string;
  /** Envoy's, which logs and clients know. */
  readonly requestId: string;
  /** The load that the request began with; its costs count. */
  readonly generation: Generation;
  /** The client's, without internal ones; from the first attempt on as the filters before it have left them. */
  readonly headers: EnvoyHeaders;
  readonly exchange: Exchange;
  readonly edits = new AttemptEdits();
  readonly visitor: EnvoyVisitor;
  /** Key of the access that has let it in. */
  admitted: Key | undefined;
  attempts = 0;
  /** The last attempt ended with an answer of the gateway's own, which passes here again on its way out. */
  isAnsweredLocally = false;
  /** What its rule does beside forwarding; known once the model is. */
  traffic: RuleTraffic | undefined;
  /** What its limits said, where it is under some. */
  verdict: Pass | undefined;
  #chosen: PreparedBackend | undefined;

  constructor(
    id: string,
    generation: Generation,
    endpoint: Endpoint,
    method: string,
    visitor: EnvoyVisitor,
    admitted: Key | undefined,
  ) {
    const { requestId, headers } = visitor;
    this.id = id;
    this.requestId = requestId;
    this.generation = generation;
    this.headers = headers;
    this.visitor = visitor;
    this.admitted = admitted;
    // Envoy has chosen, perhaps from another load than the request began with: the exchange gets what it chose.
    const twin = { ...generation.twin, backend: () => this.#chosen };
    this.exchange = new Exchange(twin, endpoint, { method, headers, requestId });
  }

  /** Draws the line under the exchange and its limits, once. */
  settle(outcome: Outcome): Settled | undefined {
    const settled = this.exchange.settle(outcome);
    if (settled !== undefined) this.verdict?.settle(settled);
    return settled;
  }

  /** Begins an attempt. `found` are the headers as it finds them. */
  choose(backend: PreparedBackend, found: EnvoyHeaders): void {
    this.#chosen = backend;
    this.attempts += 1;
    this.isAnsweredLocally = false;
    if (this.attempts > 1) return;
    this.headers.adopt(found, internalPrefix);
    // What was found out only now Envoy has not heard of.
    const { remove, set } = this.visitor.takeChanges();
    const names = [...remove, ...set.map(([name]) => name)];
    for (const name of names) this.headers.take(name, true);
    for (const [name, value] of set) this.headers.add(name, value);
    this.edits.touch(names);
  }
}
