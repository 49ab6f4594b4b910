import type { Meter } from "../passage.ts";
import type { IrEvent } from "./events.ts";

/** Tells the meter what an event of a reader means for usage, model, first token and outcome. */
export function meterEvent(event: IrEvent, meter: Meter): void {
  switch (event.type) {
    case "text-delta":
    case "reasoning-delta":
    case "tool-start":
    case "media":
    case "audio-delta":
      meter.firstToken();
      break;
    case "usage":
      meter.usage(event.usage);
      break;
    case "message-start":
      if (event.model) meter.model(event.model);
      break;
    case "message-end":
      meter.complete();
      break;
    case "error":
      meter.failed(`${event.error.type}: ${event.error.message}`);
      break;
    case "warning":
      meter.warn?.(event.warning);
      break;
    default:
  }
}
