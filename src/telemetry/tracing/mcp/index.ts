import { SpanKind, type Tracer } from "@opentelemetry/api";
import { asObject } from "../../../dialects/wire/json.ts";
import type { HeaderAttribute } from "../../../policy/header-attributes.ts";
import type { McpMessage, TraceMcp } from "../../mcp.ts";
import { mappedOf } from "../mapped.ts";
import type { Propagation } from "../propagation.ts";
import { MessageSpan } from "./mcp-span.ts";
import { tracedMethods } from "./methods.ts";
import type { McpVocabulary } from "./vocabulary.ts";

export { createMcpVocabulary } from "./vocabulary.ts";

interface McpTracerOptions {
  readonly tracer: Tracer;
  readonly propagation: Propagation;
  readonly vocabulary: McpVocabulary;
  readonly mapped: readonly HeaderAttribute[];
}

/** A context comes in headers, or in `_meta`, which wins; it goes on in `_meta`. */
export function traceMcpBy({ tracer, propagation, vocabulary, mapped }: McpTracerOptions): TraceMcp {
  return (message) => {
    if (!Object.hasOwn(tracedMethods, message.method)) return undefined;
    const parent = propagation.extractPlain(propagation.extract(message.headers), metaOf(message));
    const span = tracer.startSpan(vocabulary.spanName(message), { kind: SpanKind.CLIENT }, parent);
    const { set } = propagation.inject(parent, span);
    return new MessageSpan(span, set, vocabulary, message, mappedOf(mapped, message.attributes));
  };
}

function metaOf({ params }: McpMessage): { readonly [name: string]: string } {
  const meta: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(asObject(params["_meta"]) ?? {}))
    if (typeof value === "string") meta[name.toLowerCase()] = value;
  return meta;
}
