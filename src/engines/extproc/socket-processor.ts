import type { GatewayModel } from "../../model/gateway.ts";
import type { Secrets } from "../../model/values.ts";
import type { HeaderAttribute } from "../../policy/header-attributes.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Telemetry } from "../../telemetry/telemetry.ts";
import { type CallServer, startCallServer } from "./grpc/call-server.ts";
import { Processor } from "./processor.ts";

export interface SocketProcessorOptions {
  readonly socketPath: string;
  /** Variables that credentials of clouds come from. */
  readonly environment: { readonly [name: string]: string | undefined };
  /** Fetches their tokens. */
  readonly runtime: Runtime;
  readonly log: Logger;
  readonly telemetry: Telemetry;
  /** Request headers that access logs show, as dynamic metadata. */
  readonly logAttributes?: readonly HeaderAttribute[];
}

/** The processor of a gateway that runs its own Envoy. */
export interface SocketProcessor {
  readonly socketPath: string;
  /** Serves from here on. */
  start(model: GatewayModel, secrets: Secrets): Promise<void>;
  /**
   * New requests see the new model. Attempts that Envoy sends to backends of the one before still find them, by their
   * prints, until the returned function is called.
   */
  replace(model: GatewayModel, secrets: Secrets): Promise<() => void>;
  /** Envoy is gone by now: what is still open is settled and cut. */
  stop(): Promise<void>;
}

export function createProcessor(options: SocketProcessorOptions): SocketProcessor {
  const { socketPath, environment, runtime, log, telemetry, logAttributes } = options;
  const processor = new Processor({
    environment,
    runtime,
    log,
    settled: telemetry.settled,
    logAttributes,
    retainMs: Number.POSITIVE_INFINITY,
  });
  let server: CallServer | undefined;
  return {
    socketPath,
    async start(model, secrets) {
      processor.replace(model, secrets);
      server = await startCallServer({
        address: { type: "unix", path: socketPath },
        serve: processor.serve,
        isServing: () => processor.isServing,
      });
    },
    replace: async (model, secrets) => processor.replace(model, secrets),
    async stop() {
      await server?.stop(0);
      server = undefined;
    },
  };
}
