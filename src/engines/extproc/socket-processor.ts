import type { ProcessorOptions, Processor as SocketProcessor } from "../envoy/processor.ts";
import { type CallServer, startCallServer } from "./grpc/call-server.ts";
import { Processor } from "./processor.ts";

/** The processor of a gateway that runs its own Envoy. */
export function createProcessor(options: ProcessorOptions): SocketProcessor {
  const { socketPath, environment, runtime, log, telemetry, logAttributes } = options;
  const processor = new Processor({
    environment,
    runtime,
    log,
    settled: telemetry.settled,
    observe: telemetry.observe,
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
        takeLogs: telemetry.envoyLogs?.forward,
      });
    },
    replace: async (model, secrets) => processor.replace(model, secrets),
    async stop() {
      await server?.stop(0);
      server = undefined;
    },
  };
}
