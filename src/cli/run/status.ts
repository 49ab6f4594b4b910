/** Printed once what decides about requests is ready to be asked. */
export const processorReady = "AI Gateway External Processor is ready";

/** The line that tools wait for and parse. */
export function listeningLine(port: number, adminPort: number, elapsedMs: number): string {
  const duration = formatDuration(elapsedMs);
  return `Envoy AI Gateway listening on http://localhost:${port} (admin http://localhost:${adminPort}) after ${duration}`;
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
