export const errorKinds = [
  "invalid-request",
  "authentication",
  "billing",
  "permission",
  "not-found",
  "timeout",
  "too-large",
  "rate-limit",
  "overloaded",
  "upstream",
  "stream-cut",
] as const;
export type IrErrorKind = (typeof errorKinds)[number];

/** A provider's error, as a body or in the middle of a stream. */
export interface IrError {
  readonly kind: IrErrorKind;
  /** The HTTP status; inside a stream, where there is none, what it would have been. */
  readonly status: number;
  /** The provider's word, or the name that stands for a body that is not JSON. */
  readonly type: string;
  /** The provider gave no word; `type` is a stand-in. */
  readonly isUnnamed?: boolean | undefined;
  readonly message: string;
  readonly code?: string | undefined;
  readonly param?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly requestId?: string | undefined;
}

const kindByStatus: { readonly [status: number]: IrErrorKind } = {
  401: "authentication",
  402: "billing",
  403: "permission",
  404: "not-found",
  408: "timeout",
  413: "too-large",
  424: "upstream",
  429: "rate-limit",
  503: "overloaded",
  504: "timeout",
  529: "overloaded",
};

export function errorKindOf(status: number): IrErrorKind {
  return kindByStatus[status] ?? (status >= 400 && status < 500 ? "invalid-request" : "upstream");
}

/** What the status of an error inside a stream would have been. */
export const statusOfKind = {
  "invalid-request": 400,
  authentication: 401,
  billing: 402,
  permission: 403,
  "not-found": 404,
  timeout: 504,
  "too-large": 413,
  "rate-limit": 429,
  overloaded: 503,
  upstream: 500,
  "stream-cut": 502,
} as const satisfies Record<IrErrorKind, number>;

/** The stream of the upstream ended before the answer was complete. */
export function streamCut(
  message = "The upstream closed the stream before the answer was complete",
): IrError {
  return {
    kind: "stream-cut",
    status: statusOfKind["stream-cut"],
    type: "stream_cut",
    isUnnamed: true,
    message,
  };
}
