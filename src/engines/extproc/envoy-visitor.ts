import type { HeaderView } from "../../model/headers.ts";
import {
  type AccessRequest,
  type HeaderChange,
  type Identity,
  nobody,
} from "../../policy/access/admission.ts";
import type { Visitor } from "../admit.ts";
import type { HeaderSets } from "./codec/processing-response.ts";
import type { EnvoyHeaders } from "./envoy-headers.ts";

/** A request at the door of Envoy's listener: changes of headers are collected, for Envoy to make them. */
export class EnvoyVisitor implements Visitor {
  readonly requestId: string;
  readonly headers: EnvoyHeaders;
  identity: Identity = nobody;
  refusal: string | undefined;
  readonly #address: string | undefined;
  readonly #changes = new Map<string, string | undefined>();

  /** `address`: the client's, as Envoy knows it. */
  constructor(requestId: string, headers: EnvoyHeaders, address: string | undefined) {
    this.requestId = requestId;
    this.headers = headers;
    this.#address = address;
  }

  get accessRequest(): AccessRequest {
    return {
      method: this.headers.get(":method") ?? "",
      target: this.headers.get(":path") ?? "/",
      headers: this.headers,
      clientAddress: () => this.#address,
    };
  }

  change(changes: readonly HeaderChange[], target?: string): void {
    if (target !== undefined) this.change([[":path", target]]);
    for (const [name, value] of changes) {
      this.headers.take(name, true);
      if (value !== undefined) this.headers.add(name, value);
      this.#changes.set(name, value);
    }
  }

  /** What Envoy is to make of the headers since this was asked last. */
  takeChanges(): { readonly remove: readonly string[]; readonly set: HeaderSets } {
    const remove: string[] = [];
    const set: [string, string][] = [];
    for (const [name, value] of this.#changes) {
      if (value === undefined) remove.push(name);
      else set.push([name, value]);
    }
    this.#changes.clear();
    return { remove, set };
  }
}

/** What a client has asked for, as a URL. */
export function urlOf(headers: HeaderView, path: string): string {
  const scheme = headers.get("x-forwarded-proto") ?? "http";
  return `${scheme}://${headers.get(":authority") ?? headers.get("host") ?? "localhost"}${path}`;
}
