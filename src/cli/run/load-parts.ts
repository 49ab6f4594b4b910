import type { Host } from "../grammar/command.ts";
import type { EnvoyRooms } from "./engines.ts";
import type { GatewayParts } from "./gateway.ts";

/** The big rooms, only now that a gateway is really wanted. */
export async function loadParts(host: Host): Promise<GatewayParts> {
  const { runtime, environment, workingDirectory } = host;
  const [config, embedded, { createTelemetry }, { chooseEngine }, mcp, { createAggregator }] =
    await Promise.all([
      import("../../config/index.ts"),
      import("../../engines/embedded/index.ts"),
      import("../../telemetry/index.ts"),
      import("./engines.ts"),
      import("../../mcp/index.ts"),
      import("./mcp-aggregator.ts"),
    ]);
  const rooms = { environment, embedded, loadEnvoy };
  return {
    runtime,
    environment,
    workingDirectory,
    config,
    createEngine: (options) => chooseEngine(rooms, { ...options, mcp: createAggregator(mcp, options) }),
    createTelemetry,
  };
}

async function loadEnvoy(): Promise<EnvoyRooms> {
  const [envoy, { createProcessor }] = await Promise.all([
    import("../../engines/envoy/index.ts"),
    import("../../engines/extproc/index.ts"),
  ]);
  return { envoy, createProcessor };
}
