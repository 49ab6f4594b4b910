import { CredentialSources } from "../../credentials/index.ts";
import { createEndpointTable, type EndpointTable, type Mount } from "../../endpoints/index.ts";
import type { ObserveExchange } from "../../exchange/observer.ts";
import type { ExchangeHooks } from "../../exchange/prepare.ts";
import type { SettledListener } from "../../exchange/settled.ts";
import type { Key } from "../../model/origin.ts";
import type { Secrets } from "../../model/values.ts";
import type { Gatekeeper } from "../../policy/access/gatekeeper.ts";
import { KeySets } from "../../policy/access/key-set.ts";
import type { HeaderAttribute } from "../../policy/header-attributes.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { createAccessServices, prepareGatekeepers } from "../access-services.ts";
import { createCredentialLog, fetchToken } from "../credential-log.ts";
import { prepareUpstreams } from "../embedded/upstream.ts";
import type { TrafficGuard } from "../traffic/guard.ts";
import type { TrafficRoutes } from "../traffic/traffic-routes.ts";
import { warningLog } from "../warning-log.ts";
import type { Call, CallListener } from "./call.ts";
import { type Generation, Generations, type ProcessorModel } from "./generations.ts";
import { ProcessStream } from "./process-stream.ts";
import type { RequestState } from "./request-state.ts";

export interface ProcessorOptions {
  /** Variables that credentials of clouds come from. */
  readonly environment: { readonly [name: string]: string | undefined };
  /** Fetches their tokens. */
  readonly runtime: Runtime;
  readonly log: Logger;
  readonly settled?: SettledListener | undefined;
  /** Looks on at exchanges while they are traced. */
  readonly observe?: ObserveExchange | undefined;
  /** Below which paths clients find the endpoints. */
  readonly mount?: Mount | undefined;
  /** Request headers that access logs show, as dynamic metadata. */
  readonly logAttributes?: readonly HeaderAttribute[] | undefined;
  /** Holds requests to what their rules say, where Envoy's routes are ours. */
  readonly guard?: TrafficGuard | undefined;
  /** How long what a reload has replaced is kept for requests that Envoy still sends there; two minutes if not given. */
  readonly retainMs?: number | undefined;
}

/** Envoy's routes and clusters change apart from the processor's configuration. */
const defaultRetainMs = 120_000;

/** Envoy's external processor: what all its streams share. */
export class Processor {
  readonly log: Logger;
  readonly logAttributes: readonly HeaderAttribute[];
  readonly endpoints: EndpointTable;
  readonly generations: Generations;
  readonly guard: TrafficGuard | undefined;
  /** Requests under way, by internal id: how the streams of one request find each other. */
  readonly requests = new Map<string, RequestState>();

  constructor(options: ProcessorOptions) {
    const { environment, runtime, log, settled, observe, mount } = options;
    const { logAttributes = [], retainMs = defaultRetainMs } = options;
    const credentialLog = createCredentialLog(log);
    this.log = log;
    this.guard = options.guard;
    this.logAttributes = logAttributes;
    this.endpoints = createEndpointTable(mount);
    const hooks: ExchangeHooks = {
      settled,
      observe,
      credentials: new CredentialSources({
        environment,
        log: credentialLog,
        fetch: (url, request) => fetchToken(runtime, url, request),
      }),
      onCredentialFailure: credentialLog.failed,
      onWarning: warningLog(log),
      onCostFailure: (metadataKey, error) =>
        log.warn("a cost expression failed; its key is left out", { key: metadataKey, error: String(error) }),
    };
    const keySets = new KeySets();
    const prepareAccess = ({ access = {}, backends = {} }: ProcessorModel, secrets: Secrets) => {
      const upstreams = prepareUpstreams(backends, secrets);
      return prepareGatekeepers(access, secrets, createAccessServices(runtime, keySets, upstreams));
    };
    this.generations = new Generations(hooks, prepareAccess, retainMs);
  }

  /** Whether there is something to serve. */
  get isServing(): boolean {
    return this.generations.current !== undefined;
  }

  /**
   * New requests see the new model, those under way end with the old one. Attempts that Envoy sends to backends of the
   * one before still find them, by their prints, until the returned function is called or their time is over.
   */
  replace(model: ProcessorModel, secrets: Secrets, routes?: TrafficRoutes): () => void {
    return this.generations.add(model, secrets, routes);
  }

  /** Who stands at a door. Throws where nobody knows: what was to be protected must not be open. */
  gatekeeper(access: Key, own?: Generation): Gatekeeper {
    const found = this.generations.gatekeeper(access, own);
    if (found === undefined) throw new Error(`nobody knows who may come in: there is no access ${access}`);
    return found;
  }

  readonly serve = (call: Call): CallListener => new ProcessStream(call, this);
}
