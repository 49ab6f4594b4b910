import type { GatewayModel } from "../../model/gateway.ts";

/** Printed once what decides about requests is ready to be asked. */
export const processorReady = "AI Gateway External Processor is ready";

/** The line that tools wait for and parse. */
export function listeningLine(port: number, adminPort: number, elapsedMs: number): string {
  const duration = formatDuration(elapsedMs);
  return `Envoy AI Gateway listening on http://localhost:${port} (admin http://localhost:${adminPort}) after ${duration}`;
}

const maxNames = 6;

/** What is there behind the address, for people: `engine embedded; models a, b; MCP servers x, y`. */
export function servingLine(
  engine: string,
  model: Pick<GatewayModel, "models" | "mcpRoutes" | "aiBackends">,
): string {
  const servers = Object.values(model.mcpRoutes).flatMap(({ backends }) => backends.map(({ name }) => name));
  const models = model.models.all.map(({ id }) => id);
  const hasBackends = Object.keys(model.aiBackends).length > 0;
  return [
    `engine ${engine}`,
    ...(models.length > 0 ? [`models ${list(models)}`] : hasBackends ? ["any model"] : []),
    ...(servers.length > 0 ? [`MCP servers ${list(servers)}`] : []),
  ].join("; ");
}

function list(names: readonly string[]): string {
  const unique = [...new Set(names)];
  const more = unique.length - maxNames;
  return more > 0 ? `${unique.slice(0, maxNames).join(", ")} and ${more} more` : unique.join(", ");
}

/** `900ms`, `3s`, `2.8s`, `1m0s`, `1m5.3s`, `1h0m0s`: rounded half up to a tenth of a second. */
export function formatDuration(elapsedMs: number): string {
  const tenths = Math.floor(elapsedMs / 100 + 0.5);
  if (tenths === 0) return "0s";
  if (tenths < 10) return `${tenths * 100}ms`;
  const minutes = Math.floor(tenths / 600);
  const seconds = `${(tenths % 600) / 10}s`;
  if (minutes === 0) return seconds;
  return minutes < 60 ? `${minutes}m${seconds}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}`;
}
