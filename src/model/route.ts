import type { Key, Keyed, Part, ResourceId } from "./origin.ts";
import type { Encoding, Fault, ResponseOverride, UpstreamPolicy } from "./traffic.ts";
import type { Answer, HeaderEdits, NamedMatch, SecretRef, TextMatch } from "./values.ts";

/**
 * One entry of a rule's `matches`. `model` holds the matches on `x-ai-eg-model`, apart because the model is known
 * only after the body; they count as headers in the order of precedence.
 */
export interface RouteMatch extends Part {
  readonly name: string;
  readonly rule: Key;
  /** Key of `GatewayModel.access`: who may come in here. Absent: everybody. */
  readonly access?: Key;
  readonly path: PathMatch;
  /** Upper case; counts as a header in the order of precedence. */
  readonly method?: string;
  readonly headers: readonly NamedMatch[];
  readonly model: readonly TextMatch[];
  /** Names are case-sensitive here; the first parameter of a name counts. */
  readonly query?: readonly NamedMatch[];
  readonly cookies?: readonly NamedMatch[];
}

/** `prefix` ends on a segment border; `/` is any path. */
export type PathMatch =
  | { readonly type: "exact" | "prefix"; readonly value: string }
  | { readonly type: "regex"; readonly pattern: string };

export interface Rule extends Keyed {
  readonly route: ResourceId;
  readonly index: number;
  readonly name?: string;
  readonly action: Forward | Redirect | FixedAnswer;
  /** Of the client's request, before an upstream sees it. */
  readonly requestHeaders?: HeaderEdits;
  /** Of the answer that a client gets, whoever gave it. */
  readonly responseHeaders?: HeaderEdits;
  /** Keys of `GatewayModel.limits`; a request must be within all of them. */
  readonly limits?: readonly Key[];
  readonly fault?: Fault;
  /** The first that fits an answer replaces it. */
  readonly overrides?: readonly ResponseOverride[];
  /** Best first. */
  readonly compression?: readonly Encoding[];
  /** Largest request body, where that is less than the listener takes. */
  readonly maxBufferedBytes?: number;
}

export interface Forward {
  readonly type: "forward";
  /** Whether the rule is of an AIGatewayRoute: looked at when the model is known, carried by an exchange. */
  readonly isAi: boolean;
  readonly refs: readonly BackendRef[];
  readonly timeouts: Timeouts;
  readonly retry?: Retry;
  readonly upstream?: UpstreamPolicy;
  /** Never on AI rules: there the dialect says the path. */
  readonly path?: PathRewrite;
  /** `backend` on AI rules. */
  readonly host: HostRewrite;
  /** Upstreams that get a copy of each request; nobody waits for what they say. */
  readonly mirrors?: readonly Mirror[];
}

/** Absent members stay as the client sent them. */
export interface Redirect {
  readonly type: "redirect";
  readonly scheme?: "http" | "https";
  readonly host?: string;
  readonly port?: number;
  readonly path?: PathRewrite;
  readonly status: 301 | 302 | 303 | 307 | 308;
}

export interface FixedAnswer {
  readonly type: "answer";
  readonly answer: Answer;
}

/**
 * The query is kept by all of them.
 *
 * - `prefix`: `from` and `to` have no slash at their end; empty is `/`.
 * - `regex`: RE2, every match in the path; `\1` in `replacement` is its first group.
 */
export type PathRewrite =
  | { readonly type: "full"; readonly value: string }
  | { readonly type: "prefix"; readonly from: string; readonly to: string }
  | Substitution;

export interface Substitution {
  readonly type: "regex";
  readonly pattern: string;
  readonly replacement: string;
}

/**
 * What the upstream gets as Host; if not `keep`, `x-forwarded-host` tells it the client's, unless `isSilent`.
 * `backend`: the endpoint's own name. `regex`: made from the path.
 */
export type HostRewrite =
  | { readonly type: "keep" }
  | ((
      | { readonly type: "backend" }
      | { readonly type: "literal"; readonly value: string }
      | { readonly type: "header"; readonly name: string }
      | Substitution
    ) & { readonly isSilent?: boolean });

export interface Mirror extends Part {
  /** Key of `GatewayModel.backends`. */
  readonly backend: Key;
  /** Of a hundred requests. */
  readonly percent: number;
}

/** All references stay listed, weight 0 too, since names count positions. A broken one keeps its share and answers `status`. */
export interface BackendRef extends Part {
  readonly name: string;
  readonly weight: number;
  /** Lower is tried first. */
  readonly priority: number;
  /** Key of `GatewayModel.backends`. */
  readonly backend?: Key;
  /** Key of `ExchangeModel.aiBackends`. */
  readonly ai?: Key;
  readonly broken?: { readonly status: 500 | 503; readonly reason: string };
  readonly requestHeaders: HeaderEdits;
  readonly responseHeaders: HeaderEdits;
  /** Instead of the rule's. */
  readonly host?: HostRewrite;
  /** A header with a secret; a client's own of that name stays unless `isOverwriting`. */
  readonly injected?: { readonly name: string; readonly value: SecretRef; readonly isOverwriting: boolean };
}

/** Milliseconds; 0 is "no limit". */
export interface Timeouts {
  /** From the whole request received to the last byte of the answer. */
  readonly requestMs: number;
  readonly perTryMs?: number;
  /** Silence from the upstream, before or after the head, that ends a try. */
  readonly perTryIdleMs?: number;
  /** Silence that ends the whole request, whatever tries it has left. */
  readonly streamIdleMs?: number;
  readonly connectMs: number;
}

export interface Retry extends Part {
  /** Envoy's words: `5xx`, `gateway-error`, `reset`, `connect-failure`, `retriable-4xx`, `retriable-status-codes`, … */
  readonly triggers: readonly string[];
  readonly statuses: readonly number[];
  readonly retries: number;
  readonly baseBackOffMs: number;
  readonly maxBackOffMs: number;
  /** After so many tries of one priority the next one's turn comes. */
  readonly attemptsPerPriority?: number;
}
