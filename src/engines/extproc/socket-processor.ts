import type { GatewayModel } from "../../model/gateway.ts";
import type { Secrets } from "../../model/values.ts";
import type { ProcessorOptions, Processor as SocketProcessor } from "../envoy/processor.ts";
import { TrafficGuard } from "../traffic/guard.ts";
import { TrafficRoutes } from "../traffic/traffic-routes.ts";
import { type CallServer, startCallServer } from "./grpc/call-server.ts";
import { Processor } from "./processor.ts";

/** The processor of a gateway that runs its own Envoy. */
export function createProcessor(options: ProcessorOptions): SocketProcessor {
  const { socketPath, environment, runtime, log, telemetry, logAttributes } = options;
  const guard = new TrafficGuard(options);
  const processor = new Processor({
    environment,
    runtime,
    log,
    settled: telemetry.settled,
    observe: telemetry.observe,
    logAttributes,
    guard,
    retainMs: Number.POSITIVE_INFINITY,
  });
  const replace = (model: GatewayModel, secrets: Secrets) => {
    const traffic = guard.prepare(model);
    return processor.replace(
      model,
      secrets,
      traffic.size === 0 ? undefined : new TrafficRoutes(model, traffic),
    );
  };
  let server: CallServer | undefined;
  return {
    socketPath,
    async start(model, secrets) {
      replace(model, secrets);
      server = await startCallServer({
        address: { type: "unix", path: socketPath },
        serve: processor.serve,
        isServing: () => processor.isServing,
        takeLogs: telemetry.envoyLogs?.forward,
      });
    },
    replace: async (model, secrets) => replace(model, secrets),
    async stop() {
      await server?.stop(0);
      server = undefined;
      guard.close();
    },
  };
}
