import type { Keyed, Part } from "./origin.ts";
import type { MetadataKey, NamedMatch, TextMatch } from "./values.ts";

/** How requests of one rule are spread over its backends, and when a backend gets none. Absent members: Envoy's usual. */
export interface UpstreamPolicy extends Part {
  readonly balance?: Balance;
  readonly breaker?: Breaker;
  /** Below this share of healthy endpoints health is not looked at any more. */
  readonly panicPercent?: number;
  readonly activeHealth?: ActiveHealth;
  readonly outlier?: Outlier;
  readonly dns?: DnsPolicy;
  readonly connections?: ConnectionPolicy;
}

export type Balance =
  | { readonly type: "least-request" | "round-robin"; readonly slowStartMs?: number }
  | { readonly type: "random" }
  | { readonly type: "hash"; readonly by: readonly HashKey[]; readonly tableSize: number };

/** What requests that belong together have in common; of a cookie with `ttlMs` the gateway makes one where there is none. */
export type HashKey =
  | { readonly type: "ip" }
  | { readonly type: "header" | "query"; readonly name: string }
  | {
      readonly type: "cookie";
      readonly name: string;
      readonly ttlMs?: number;
      readonly attributes: readonly (readonly [string, string])[];
    };

/** Limits on what is under way to all backends of a rule; above them requests are refused at once. */
export interface Breaker {
  readonly connections: number;
  /** Requests that wait for a connection. */
  readonly pending: number;
  readonly requests: number;
  readonly retries: number;
  /** Instead of `retries`: so much of what is under way may be retries, and always `least`. */
  readonly retryBudget?: { readonly percent: number; readonly least: number };
  readonly connectionsPerEndpoint?: number;
}

export interface ActiveHealth {
  readonly timeoutMs: number;
  readonly intervalMs: number;
  readonly initialJitterMs: number;
  /** So many failures in a row, or successes, change what is thought of an endpoint. */
  readonly unhealthy: number;
  readonly healthy: number;
  readonly check:
    | {
        readonly type: "http";
        readonly path: string;
        readonly method: string;
        readonly host?: string;
        readonly statuses: readonly number[];
        /** The body must contain it. */
        readonly text?: string;
      }
    | { readonly type: "tcp"; readonly send?: string; readonly receive?: string }
    | { readonly type: "grpc"; readonly service?: string };
}

/** An endpoint that fails so often is left alone for a while; each time in a row for longer. */
export interface Outlier {
  readonly intervalMs: number;
  readonly ejectionMs: number;
  readonly consecutive5xx: number;
  readonly consecutiveGateway?: number;
  /** Failures to connect or to get an answer, where `splitsLocal` counts them apart. */
  readonly consecutiveLocal: number;
  readonly splitsLocal: boolean;
  readonly maxPercent: number;
  readonly alwaysOne: boolean;
  readonly failurePercent?: number;
}

export interface DnsPolicy {
  readonly refreshMs?: number;
  readonly respectsTtl?: boolean;
  readonly family?: "IPv4" | "IPv6" | "IPv4Preferred" | "IPv6Preferred" | "IPv4AndIPv6";
}

/** What only an engine with connections of its own can heed: today Envoy. */
export interface ConnectionPolicy {
  readonly idleMs?: number;
  readonly maxMs?: number;
  readonly maxRequests?: number;
  readonly bufferBytes?: number;
  readonly keepalive?: { readonly probes?: number; readonly idleMs?: number; readonly intervalMs?: number };
  readonly http2?: {
    readonly streamWindowBytes?: number;
    readonly connectionWindowBytes?: number;
    readonly maxStreams?: number;
  };
}

/**
 * One limit of requests, or of what they cost, in windows of time that are aligned to the epoch.
 * `key` names its counters: policy and rule, and the route unless it is shared. It holds no number, so a limit that is
 * edited keeps its count.
 */
export interface RateLimit extends Keyed {
  /** `bucket`: refilled as time goes by, in this process; `window`: shared with whoever shares the store. */
  readonly algorithm: "bucket" | "window";
  readonly amount: number;
  readonly unitMs: number;
  /** Counts and never refuses. */
  readonly isShadow: boolean;
  /** Only for requests that no other bucket of the rule is for. */
  readonly isFallback?: boolean;
  /** One must fit; none at all fits every request. */
  readonly selectors: readonly LimitSelector[];
  readonly requestCost: number | MetadataKey;
  /** Added when the answer is over, past the limit if need be. */
  readonly answerCost?: number | MetadataKey;
}

/** All must fit. A distinct one fits any value, and each value has a count of its own. */
export interface LimitSelector {
  readonly headers: readonly NamedMatch[];
  readonly distinctHeaders: readonly string[];
  readonly cidr?: string;
  readonly isCidrDistinct: boolean;
  readonly methods: readonly { readonly value: string; readonly isInverted: boolean }[];
  readonly path?: { readonly match: TextMatch; readonly isInverted: boolean };
  readonly query: readonly NamedMatch[];
  readonly distinctQuery: readonly string[];
}

/** What may be spent at a backend for a model. A request is let in while any bucket that it fits has something left. */
export interface Quota extends Keyed {
  /** `namespace/name` of the AIServiceBackend. */
  readonly backend: string;
  /** As the backend is asked for it. */
  readonly model: string;
  readonly buckets: readonly RateLimit[];
}

/** What an upstream, or the gateway itself, is made to look like for a share of the requests. */
export interface Fault extends Part {
  readonly delay?: { readonly ms: number; readonly percent: number };
  readonly abort?: { readonly status: number; readonly percent: number };
}

/** An answer that is replaced. `source`: whether those of upstreams, of the gateway, or both. */
export interface ResponseOverride extends Part {
  readonly source: "all" | "local" | "backend";
  /** Ranges with both ends; none at all fits every status. */
  readonly statuses: readonly (readonly [number, number])[];
  readonly headers: readonly NamedMatch[];
  readonly answer:
    | {
        readonly type: "answer";
        /** Absent: the status stays. */
        readonly status?: number;
        readonly contentType?: string;
        readonly headers: readonly (readonly [string, string])[];
        /** Absent: the body stays. */
        readonly body?: string;
      }
    | {
        readonly type: "redirect";
        readonly status: number;
        readonly scheme?: string;
        readonly host?: string;
        readonly port?: number;
        readonly path?: string;
      };
}

export const encodings = ["gzip", "br", "zstd"] as const;
export type Encoding = (typeof encodings)[number];
