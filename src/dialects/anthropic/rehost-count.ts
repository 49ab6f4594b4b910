import { ExchangeFailure } from "../../model/failure.ts";
import { jsonReplacement } from "../outbound.ts";
import type { Meter, Passage, Replacement } from "../passage.ts";
import { decodeText, encodeText } from "../wire/text.ts";
import { noCount, readCount, writeCount } from "./count.ts";
import type { AnthropicHost } from "./hosts.ts";
import { exactBody } from "./read-request.ts";
import { rehostError } from "./rehost.ts";

/** Carries Anthropic's `count_tokens` to another host of it, body and all. */
export function rehostCount(host: AnthropicHost): Passage {
  return {
    request(request, { schema, model }) {
      const written = writeCount(exactBody(request), { schema, model, host, headers: request.headers });
      return { ...written, body: encodeText(written.body) };
    },
    answer: (_request, _target, meter) => ({
      success: () => ({ type: "whole", read: (body) => rehostAnswer(host, decodeText(body), meter) }),
      error: (head, body) => rehostError(host, head, body),
    }),
  };
}

function rehostAnswer(host: AnthropicHost, text: string, meter: Meter): Replacement | undefined {
  const count = readCount(text, host);
  if (count !== undefined) {
    meter.usage(count);
    meter.complete();
  }
  // In Anthropic's own words the answer goes to the client whether or not it can be read.
  if (host.name !== "invoke") return undefined;
  if (count === undefined) throw new ExchangeFailure("bad_upstream_answer", noCount);
  return jsonReplacement(JSON.stringify({ input_tokens: count.inputTokens }));
}
