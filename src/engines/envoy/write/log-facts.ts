import type { GatewayModel } from "../../../model/gateway.ts";
import { secretParameters } from "../../../policy/access/secret-parameters.ts";
import type { HeaderAttribute } from "../../../policy/header-attributes.ts";
import { isSecretHeader } from "../../../policy/secret-headers.ts";
import { exchangeNamespace, internalPrefix, modelHeader } from "../names.ts";

/** Where facts about a request are kept until it is logged. */
export const requestNamespace = "aigw.request";

/** A header that is kept aside, before anything changes it. */
export interface LogFact {
  readonly key: string;
  /** The first that is there. */
  readonly headers: readonly KeptHeader[];
}

interface KeptHeader {
  readonly name: string;
  readonly rewrite?: { readonly pattern: string; readonly substitution: string };
  readonly namespace?: string;
}

export interface LogFacts {
  /** Of the request as the client sent it. */
  readonly client: readonly LogFact[];
  /** Of the request once its model is known. */
  readonly routed: readonly LogFact[];
  /** Of the answer. */
  readonly response: readonly LogFact[];
}

const hidden = { pattern: ".+", substitution: "[REDACTED]" };

/** What a log calls a header, and what that means in Envoy. */
const aliases: { readonly [name: string]: string } = {
  host: ":authority",
  "x-envoy-original-path": ":path",
};

/** Parts of the client's path, by the names they are kept under. */
const pathParts: { readonly [key: string]: KeptHeader } = {
  url_path: { name: ":path", rewrite: { pattern: "([^?]*).*", substitution: "\\1" } },
  query: { name: ":path", rewrite: { pattern: "[^?]*\\??(.*)", substitution: "\\1" } },
};

/**
 * Collects what logs ask of requests that Envoy, at the time it logs, would not say any more, or should not say:
 * attempts change the client's headers in place, and credentials belong into no log.
 */
export class FactCollector {
  readonly #client = new Map<string, LogFact>();
  readonly #routed = new Map<string, LogFact>();
  readonly #response = new Map<string, LogFact>();
  readonly #changed: ReadonlySet<string>;
  /** How a path is kept that may carry a credential in its query. */
  readonly #path: KeptHeader;

  constructor(model: GatewayModel, attributes: readonly HeaderAttribute[]) {
    this.#changed = new Set(
      Object.values(model.aiBackends).flatMap(({ headers }) => [
        ...headers.remove,
        ...headers.set.map(([name]) => name),
        ...headers.add.map(([name]) => name),
      ]),
    );
    const pattern = secretParameters(model.access);
    this.#path = {
      name: ":path",
      ...(pattern && { rewrite: { pattern, substitution: "\\1[REDACTED]" } }),
    };
    for (const { attribute, headers } of attributes) {
      this.#client.set(`attribute ${attribute}`, {
        key: attribute,
        headers: headers.map((name) => ({ name, namespace: exchangeNamespace })),
      });
    }
    // Which endpoint a client called says in which shape it reads errors.
    this.keep([":path"]);
  }

  get facts(): LogFacts {
    return {
      client: [...this.#client.values()],
      routed: [...this.#routed.values()],
      response: [...this.#response.values()],
    };
  }

  /** Whether Envoy's own header of this name will not do. */
  isKept(name: string): boolean {
    return (
      name in aliases ||
      name === ":authority" ||
      name.startsWith(internalPrefix) ||
      isSecretHeader(name) ||
      this.#changed.has(name)
    );
  }

  /** The key under which the first of these request headers is kept. */
  keep(names: readonly string[]): string {
    const key = factKey(names);
    const kept = names.map(keptHeader).filter(({ name }) => isReadable(name));
    const headers = kept.map((header) => (header.name === ":path" ? this.#path : header));
    const facts = names.includes(modelHeader) ? this.#routed : this.#client;
    if (headers.length > 0) facts.set(key, { key, headers });
    return key;
  }

  /** As `keep`, for a part of the client's path: `url_path` or `query`. */
  keepPathPart(key: string): string {
    const part = pathParts[key];
    if (part !== undefined) this.#client.set(key, { key, headers: [part] });
    return key;
  }

  keepResponse(names: readonly string[]): string {
    const key = `response ${factKey(names)}`;
    this.#response.set(key, { key, headers: names.map(keptHeader) });
    return key;
  }
}

/** A colon would end the key where formats name it. */
export function factKey(names: readonly string[]): string {
  return names.join("?").replaceAll(":", "@");
}

function keptHeader(name: string): KeptHeader {
  return isSecretHeader(name) ? { name, rewrite: hidden } : { name: aliases[name] ?? name };
}

/** Of the gateway's own headers only the model is anybody's business. */
function isReadable(name: string): boolean {
  return !name.startsWith(internalPrefix) || name === modelHeader;
}
