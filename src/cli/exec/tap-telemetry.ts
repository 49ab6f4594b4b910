import type { GatewayTelemetry } from "../../telemetry/index.ts";
import type { CallSummary } from "./summary.ts";

/** The same telemetry, with a summary that hears of every call as well. */
export function tapTelemetry(telemetry: GatewayTelemetry, summary: CallSummary): GatewayTelemetry {
  return {
    ...telemetry,
    settled(settled) {
      summary.add(settled);
      telemetry.settled?.(settled);
    },
  };
}
