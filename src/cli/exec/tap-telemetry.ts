import type { GatewayTelemetry } from "../../telemetry/index.ts";
import type { CallSummary } from "./summary.ts";

/** The same telemetry, with a summary that hears of every call as well. */
export function tapTelemetry(telemetry: GatewayTelemetry, summary: CallSummary): GatewayTelemetry {
  return new Proxy(telemetry, {
    get(target, name) {
      if (name === "settled") {
        return (settled: Parameters<NonNullable<GatewayTelemetry["settled"]>>[0]) => {
          summary.add(settled);
          target.settled?.(settled);
        };
      }
      const member = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
