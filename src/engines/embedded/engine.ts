import { CredentialSources } from "../../credentials/index.ts";
import type { ExchangeHooks } from "../../exchange/prepare.ts";
import type { GatewayModel } from "../../model/gateway.ts";
import type { Secrets } from "../../model/values.ts";
import { KeySets } from "../../policy/access/key-set.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Telemetry } from "../../telemetry/telemetry.ts";
import { createCredentialLog, fetchToken } from "../credential-log.ts";
import type { Engine } from "../engine.ts";
import type { McpAggregator } from "../mcp.ts";
import { TrafficGuard } from "../traffic/guard.ts";
import { warningLog } from "../warning-log.ts";
import { ClientWatch } from "./client-watch.ts";
import { failureLog } from "./failure-log.ts";
import { type Gateway, handle } from "./handle.ts";
import { HealthWatch } from "./health-watch.ts";
import { type InFlight, sweepEveryMs } from "./in-flight.ts";
import { type EmbeddedTwin, prepareEmbedded } from "./prepare.ts";
import { prepareServerTls } from "./server-tls.ts";
import { Sockets } from "./sockets.ts";
import { describeUnheeded } from "./unheeded.ts";

export interface EmbeddedOptions {
  /** Variables that credentials of clouds come from. */
  readonly environment: { readonly [name: string]: string | undefined };
  readonly model: GatewayModel;
  readonly secrets: Secrets;
  readonly runtime: Runtime;
  readonly log: Logger;
  readonly telemetry: Telemetry;
  /** Where counts of limits are kept from one run to the next. */
  readonly stateDirectory: string;
  /** Answers MCP; absent where nobody does. */
  readonly mcp?: McpAggregator | undefined;
}

/** Far above any limit of a listener: the engine refuses first, in the client's own dialect. */
const maxServerBodyBytes = 2 ** 31;

/** The engine inside this process: it accepts, matches, forwards and streams by itself. */
export function createEmbeddedEngine(options: EmbeddedOptions): Engine {
  const { runtime, log, telemetry } = options;
  const credentialLog = createCredentialLog(log);
  const hooks: ExchangeHooks = {
    settled: telemetry.settled,
    observe: telemetry.observe,
    credentials: new CredentialSources({
      environment: options.environment,
      log: credentialLog,
      fetch: (url, request) => fetchToken(runtime, url, request),
    }),
    onCredentialFailure: credentialLog.failed,
    onCostFailure: (metadataKey, error) =>
      log.warn("a cost expression failed; its key is left out", { key: metadataKey, error: String(error) }),
    onWarning: warningLog(log),
  };
  const keySets = new KeySets();
  const guard = new TrafficGuard(options);
  const parts = {
    telemetry,
    hooks,
    runtime,
    keySets,
    guard,
    aggregator: options.mcp,
    isDebug: log.isOn("debug"),
  };
  const prepare = (model: GatewayModel, secrets: Secrets, before?: EmbeddedTwin) =>
    prepareEmbedded(model, secrets, parts, before);
  const inFlight = new Set<InFlight>();
  const failures = failureLog(log);
  const gateway: Gateway = {
    runtime,
    log,
    twin: prepare(options.model, options.secrets),
    inFlight,
    guard,
    clientWatch: new ClientWatch(),
    onDone(request, status) {
      inFlight.delete(request);
      if (request.upstreamFailure !== undefined && !request.isClientGone) failures(request, status);
    },
  };
  const checks = new HealthWatch(runtime);
  let sweeper: ReturnType<typeof setInterval> | undefined;
  const sockets = new Sockets({
    open(listener, secrets) {
      const { address, port } = listener;
      const tls = prepareServerTls(listener, secrets);
      const socket = { host: address, port, maxBodyBytes: maxServerBodyBytes, ...(tls && { tls }) };
      return runtime.serve(socket, (request, connection) => handle(gateway, port, request, connection));
    },
    change: (server, listener, secrets) => server.setTls(prepareServerTls(listener, secrets) ?? []),
  });

  return {
    name: "embedded",
    get bound() {
      return sockets.bound;
    },
    async prepare() {
      await options.mcp?.ready();
    },
    async start() {
      sockets.follow(gateway.twin.model, options.secrets);
      sweeper = setInterval(() => {
        const now = performance.now();
        for (const request of inFlight) request.sweep(now);
      }, sweepEveryMs);
      sweeper.unref();
      for (const sentence of describeUnheeded(gateway.twin.model)) log.warn(sentence);
      checks.follow(gateway.twin);
    },
    async replace(model, secrets) {
      const twin = prepare(model, secrets, gateway.twin);
      const closeOthers = sockets.follow(model, secrets);
      gateway.twin = twin;
      closeOthers();
      for (const sentence of describeUnheeded(model)) log.warn(sentence);
      checks.follow(twin);
    },
    async stop(graceMs) {
      options.mcp?.drain();
      const timer = new Promise<void>((resolve) => {
        setTimeout(resolve, graceMs).unref();
      });
      await Promise.race([sockets.drain(), timer]);
      for (const request of [...inFlight]) request.abort("stopping");
      await sockets.kill();
      await options.mcp?.close();
      clearInterval(sweeper);
      checks.stop();
      guard.close();
    },
  };
}
