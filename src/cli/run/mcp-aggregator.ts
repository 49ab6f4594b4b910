import type * as mcp from "../../mcp/index.ts";
import { productVersion } from "../product-version.ts";
import type { EngineOptions } from "./gateway.ts";

/** What answers MCP for the engine of a run. It does nothing before a model has MCP routes. */
export function createAggregator(
  room: Pick<typeof mcp, "Aggregator">,
  { runtime, log, telemetry, model, scope }: EngineOptions,
): mcp.Aggregator {
  const { seeds, iterations, isRandom } = scope.plan.mcpSessions;
  if (isRandom && Object.keys(model.mcpRoutes).length > 0) {
    scope.log.program.info(
      "MCP sessions end with this run, and other replicas do not know them: no seed is given",
    );
  }
  return new room.Aggregator({
    runtime,
    log,
    listener: telemetry.mcp,
    version: productVersion,
    seeds,
    iterations,
  });
}
