import { createHash } from "node:crypto";
import type { HeaderView } from "../../model/headers.ts";
import type { HashKey } from "../../model/traffic.ts";
import type { Host } from "./host.ts";

/** What a request is known by for a hash. */
export interface HashFacts {
  readonly headers: HeaderView;
  /** With the query. */
  readonly path: string;
  remoteAddress(): string | undefined;
}

/** A cookie that the client is to bring next time. */
export interface NewCookie {
  readonly value: string;
  /** Value of `set-cookie`. */
  readonly header: string;
}

/** What requests that belong together share; `undefined` where a request has none of it: then any host will do. */
export function hashText(
  by: readonly HashKey[],
  facts: HashFacts,
  onCookie: (cookie: NewCookie) => void,
): string | undefined {
  const parts = by.map((key) => partOf(key, facts, onCookie));
  return parts.every((part) => part === undefined) ? undefined : parts.join("\n");
}

function partOf(key: HashKey, facts: HashFacts, onCookie: (cookie: NewCookie) => void): string | undefined {
  switch (key.type) {
    case "ip":
      return facts.remoteAddress();
    case "header":
      return facts.headers.get(key.name) ?? undefined;
    case "query":
      return queryOf(facts.path).get(key.name) ?? undefined;
    case "cookie": {
      const sent = readCookie(facts.headers.get("cookie") ?? "", key.name);
      if (sent !== undefined || key.ttlMs === undefined) return sent;
      const value = crypto.randomUUID();
      const attributes = key.attributes.map(([name, text]) =>
        text === "" ? `; ${name}` : `; ${name}=${text}`,
      );
      const age = key.ttlMs === 0 ? "" : `; Max-Age=${Math.floor(key.ttlMs / 1000)}`;
      onCookie({ value, header: `${key.name}="${value}"${age}${attributes.join("")}; HttpOnly` });
      return value;
    }
  }
}

function queryOf(path: string): URLSearchParams {
  const start = path.indexOf("?");
  return new URLSearchParams(start < 0 ? "" : path.slice(start + 1));
}

function readCookie(header: string, name: string): string | undefined {
  for (const pair of header.split(";")) {
    const end = pair.indexOf("=");
    if (end > 0 && pair.slice(0, end).trim() === name)
      return pair
        .slice(end + 1)
        .trim()
        .replace(/^"|"$/g, "");
  }
  return undefined;
}

/**
 * The host that a text belongs to (weighted rendezvous): when hosts come or go, only what belonged to them moves.
 * The weight of a host is its share of the requests.
 */
export function hostByHash<E>(
  text: string,
  hosts: readonly { readonly host: Host<E>; readonly weight: number }[],
): Host<E> | undefined {
  let best: Host<E> | undefined;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (const { host, weight } of hosts) {
    const score = -weight / Math.log(unitHash(`${host.name}\n${text}`));
    if (score > bestScore) [best, bestScore] = [host, score];
  }
  return best;
}

/** In (0, 1). */
function unitHash(text: string): number {
  return (createHash("sha1").update(text).digest().readUIntBE(0, 6) + 1) / (2 ** 48 + 1);
}
