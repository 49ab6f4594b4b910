import { internalPrefix } from "../names.ts";
import { type FactCollector, requestNamespace } from "./log-facts.ts";
import { extension, type JsonObject } from "./proto.ts";

/** Strings, plain or raw, in any of CEL's quotes; names with what follows them; one other character. */
const token =
  /[rR]?(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|[A-Za-z_]\w*|\s+|[\s\S]/y;

const request =
  /^request\s*\.\s*(?:headers\s*\[\s*([rR]?(?:"[^"\\]*"|'[^'\\]*'))\s*\]|(path|url_path|query|host)\b)/;
const membership = /^(?:"([^"\\]*)"|'([^'\\]*)')\s+in\s+request\s*\.\s*headers\b/;

/**
 * A filter in the words of Envoy, where they differ: what a filter says of the client's request (its path, its host,
 * its model, headers that attempts change) Envoy at that time knows only as facts that were kept.
 */
export function writeCelFilter(source: string, facts: FactCollector): string {
  let text = "";
  let isMember = false;
  for (let at = 0; at < source.length; ) {
    const rest = source.slice(at);
    const found = isMember ? undefined : (readFact(rest, facts) ?? readMembership(rest, facts));
    if (found !== undefined) {
      text += found.text;
      at += found.length;
      continue;
    }
    token.lastIndex = at;
    const [word = ""] = token.exec(source) ?? [];
    text += word;
    at += word.length;
    // `x.request.path` is a member of something else.
    if (word.trim() !== "") isMember = word === ".";
  }
  return text;
}

interface Found {
  readonly text: string;
  readonly length: number;
}

function readFact(rest: string, facts: FactCollector): Found | undefined {
  const match = request.exec(rest);
  if (match === null) return undefined;
  const [{ length }, literal, member] = match;
  const key = literal === undefined ? keepMember(member ?? "", facts) : keepHeader(literal, facts);
  return key === undefined ? undefined : { text: `${metadata}[${JSON.stringify(key)}]`, length };
}

const metadata = `metadata.filter_metadata['${requestNamespace}']`;

function keepMember(member: string, facts: FactCollector): string {
  if (member === "path") return facts.keep([":path"]);
  return member === "host" ? facts.keep([":authority"]) : facts.keepPathPart(member);
}

function keepHeader(literal: string, facts: FactCollector): string | undefined {
  const name = literal.replace(/^[rR]?["']|["']$/g, "").toLowerCase();
  return facts.isKept(name) || name.startsWith(internalPrefix) ? facts.keep([name]) : undefined;
}

function readMembership(rest: string, facts: FactCollector): Found | undefined {
  const match = membership.exec(rest);
  if (match === null) return undefined;
  const name = (match[1] ?? match[2] ?? "").toLowerCase();
  if (!facts.isKept(name)) return undefined;
  return { text: `${JSON.stringify(facts.keep([name]))} in ${metadata}`, length: match[0].length };
}

/** True where the expression is; one that fails, as for a header that is not there, counts as false. */
export function celFilter(expression: string): JsonObject {
  return {
    extension_filter: extension(
      "envoy.access_loggers.extension_filters.cel",
      "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
      { expression },
    ),
  };
}
