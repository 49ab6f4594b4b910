import { ExchangeFailure } from "../../model/failure.ts";
import type { BackendDialect } from "../dialect.ts";
import type { IrEvent } from "../ir/events.ts";
import { readError } from "../openai-chat/errors.ts";
import type { Emit } from "../stage.ts";
import { arrayOf, objectOf } from "../wire/exact-json.ts";
import type { ResponsesHost } from "./hosts.ts";
import { ResponseReader } from "./response-reader.ts";
import { writeRequest } from "./write-request.ts";

/** Models that are only to be had through the responses API. */
export const openaiResponsesBackend: BackendDialect<ResponsesHost> = {
  writeRequest,
  readResponse: (text, _context, emit) => readResponse(text, emit),
  streamReader: () => new ResponseReader(),
  readError,
};

/** Reads a whole response as the last event of a stream. */
function readResponse(text: string, emit: Emit<IrEvent>): void {
  const response = objectOf(JSON.parse(text));
  if (response === undefined || arrayOf(response["output"]) === undefined)
    throw new ExchangeFailure("bad_upstream_answer", "The upstream's answer is not a response");
  const reader = new ResponseReader();
  reader.start(response, emit);
  reader.finish(response, emit);
}
