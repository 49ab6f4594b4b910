import type { HostRewrite, PathRewrite, Redirect } from "../../model/route.ts";
import type { Answer, HeaderEdits, NamedMatch, SecretRef } from "../../model/values.ts";

/** A header with a secret that upstreams get. */
export interface Injected {
  readonly name: string;
  readonly value: SecretRef;
  readonly isOverwriting: boolean;
}

/** What the filters of a rule, or of one of its references, come to. */
export interface HttpChanges {
  requestHeaders: HeaderEdits;
  responseHeaders: HeaderEdits;
  redirect?: Redirect;
  answer?: Answer;
  path?: PathRewrite;
  host?: HostRewrite;
  injected?: Injected;
  cookies: readonly NamedMatch[];
  /** Positions of the filters that mirror requests. */
  mirrors: number[];
}
