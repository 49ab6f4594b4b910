import type { GatewayModel } from "../../model/gateway.ts";
import type { Secrets } from "../../model/values.ts";
import type { HttpServer, Runtime } from "../../runtime/runtime.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Telemetry } from "../../telemetry/telemetry.ts";
import { type Engine, explainListen, ListenFailure, listenerName } from "../engine.ts";
import { type Gateway, handle } from "./handle.ts";
import { prepareEmbedded } from "./prepare.ts";

export interface EmbeddedOptions {
  readonly model: GatewayModel;
  readonly secrets: Secrets;
  readonly runtime: Runtime;
  readonly log: Logger;
  readonly telemetry: Telemetry;
}

/** Far above any limit of a listener: the engine refuses first, in the client's own dialect. */
const maxServerBodyBytes = 2 ** 31;

/** The engine inside this process: it accepts, matches, forwards and streams by itself. */
export function createEmbeddedEngine(options: EmbeddedOptions): Engine {
  const { runtime, log, telemetry } = options;
  const prepare = (model: GatewayModel, secrets: Secrets) =>
    prepareEmbedded(model, secrets, telemetry, {
      settled: telemetry.settled,
      onCostFailure: (metadataKey, error) =>
        log.warn("a cost expression failed; its key is left out", { key: metadataKey, error: String(error) }),
    });
  const gateway: Gateway = {
    runtime,
    log,
    twin: prepare(options.model, options.secrets),
    inFlight: new Set(),
  };
  const servers: { readonly name: string; readonly server: HttpServer }[] = [];

  return {
    name: "embedded",
    get bound() {
      return servers.map(({ name, server }) => ({ name, port: server.port }));
    },
    async start() {
      for (const listener of gateway.twin.model.listeners) {
        try {
          const server = runtime.serve(
            { host: listener.address, port: listener.port, maxBodyBytes: maxServerBodyBytes },
            (request, connection) => handle(gateway, listener.port, request, connection),
          );
          servers.push({ name: listenerName(listener), server });
        } catch (error) {
          await Promise.all(servers.splice(0).map(({ server }) => server.kill()));
          throw new ListenFailure(explainListen(gateway.twin.model, listener, error));
        }
      }
    },
    async replace(model, secrets) {
      const twin = prepare(model, secrets);
      const ports = (of: GatewayModel) => of.listeners.map((listener) => listener.port).join();
      if (ports(model) !== ports(gateway.twin.model)) {
        throw new ListenFailure("the listeners' ports changed; restart aigw to bind the new ones");
      }
      gateway.twin = twin;
    },
    async stop(graceMs) {
      const closed = Promise.all(servers.map(({ server }) => server.stop()));
      const timer = new Promise<void>((resolve) => {
        setTimeout(resolve, graceMs).unref();
      });
      await Promise.race([closed, timer]);
      for (const inFlight of [...gateway.inFlight]) inFlight.abort("stopping");
      await Promise.all(servers.splice(0).map(({ server }) => server.kill()));
    },
  };
}
