import type { AnswerContext } from "../dialect.ts";
import type { IrResponse } from "../ir/fold.ts";
import { unfold } from "../ir/unfold.ts";
import { SilentLog } from "./event-log.ts";
import { ResponseStreamWriter } from "./stream-writer.ts";

/** Writes a whole answer: the response that the last event of a stream would have held. */
export function writeResponse(response: IrResponse, context: AnswerContext): string {
  const writer = new ResponseStreamWriter(context, new SilentLog());
  unfold(response, (event) => writer.push(event, ignore));
  return writer.response;
}

function ignore(): void {}
