import { isSecretHeader } from "./secret-headers.ts";

/** An attribute of telemetry that a client sets by a header: the first of `headers` that was sent gives the value. */
export interface HeaderAttribute {
  readonly attribute: string;
  /** Lower-case. */
  readonly headers: readonly string[];
}

/** What each signal takes from request headers. */
export interface HeaderAttributes {
  readonly metrics: readonly HeaderAttribute[];
  readonly spans: readonly HeaderAttribute[];
  readonly logs: readonly HeaderAttribute[];
}

type Pair = readonly [header: string, attribute: string];
type Environment = { readonly [name: string]: string | undefined };

const sessionHeader = "agent-session-id:session.id";

/**
 * Reads `OTEL_AIGW_REQUEST_HEADER_ATTRIBUTES` and the variables of each signal, which are laid over it.
 *
 * A variable that is set but empty is not one that is unset: it takes the session of spans and logs away.
 * Throws, naming variable and position, for pairs that cannot be read and for headers with credentials.
 */
export function readHeaderAttributes(environment: Environment): HeaderAttributes {
  const read = (name: string, fallback: string) => readPairs(name, environment[name] ?? fallback);
  const base = read("OTEL_AIGW_REQUEST_HEADER_ATTRIBUTES", "");
  return {
    metrics: merge(read("OTEL_AIGW_METRICS_REQUEST_HEADER_ATTRIBUTES", ""), base),
    spans: merge(read("OTEL_AIGW_SPAN_REQUEST_HEADER_ATTRIBUTES", sessionHeader), base),
    logs: merge(read("OTEL_AIGW_LOG_REQUEST_HEADER_ATTRIBUTES", sessionHeader), base),
  };
}

/** Reads `header:attribute,…`. Throws as `readHeaderAttributes` does; `source` is what messages call the text. */
export function readPairs(source: string, text: string): readonly Pair[] {
  if (text.trim() === "") return [];
  return text.split(",").map((pair, index) => {
    const place = `${source}: pair ${index + 1}`;
    if (pair.trim() === "") throw new Error(`${place} is empty; remove the comma or write header:attribute`);
    const colon = pair.indexOf(":");
    if (colon < 0) throw new Error(`${place}, "${pair.trim()}", has no colon; write header:attribute`);
    const header = pair.slice(0, colon).trim().toLowerCase();
    const attribute = pair.slice(colon + 1).trim();
    if (header === "") throw new Error(`${place}, "${pair.trim()}", has no header before the colon`);
    if (attribute === "") throw new Error(`${place}, "${pair.trim()}", has no attribute behind the colon`);
    if (!/^[!#$%&'*+\-.^_`|~\w]+$/.test(header)) {
      throw new Error(`${place}: "${header}" cannot be the name of a header`);
    }
    if (isSecretHeader(header)) {
      throw new Error(
        `${place}: header "${header}" carries a credential, which must not get into telemetry; map another header`,
      );
    }
    return [header, attribute];
  });
}

/** Of one header the signal's own attribute counts; of one attribute the signal's headers are asked first. */
function merge(own: readonly Pair[], base: readonly Pair[]): readonly HeaderAttribute[] {
  const byHeader = new Map(own);
  for (const [header, attribute] of new Map(base)) {
    if (!byHeader.has(header)) byHeader.set(header, attribute);
  }
  const byAttribute = new Map<string, string[]>();
  for (const [header, attribute] of byHeader) {
    const headers = byAttribute.get(attribute);
    if (headers === undefined) byAttribute.set(attribute, [header]);
    else headers.push(header);
  }
  return [...byAttribute].map(([attribute, headers]) => ({ attribute, headers }));
}
