/**
 * Every way an exchange can end without an answer of the upstream, and the HTTP status its client sees.
 * The words for it are each client dialect's own. Where Envoy itself would answer, the status is Envoy's
 * (an upstream that cannot be reached is 503), so that both engines answer alike.
 */
export const failureStatus = {
  invalid_request: 400,
  missing_credential: 401,
  unauthenticated: 401,
  forbidden: 403,
  route_not_found: 404,
  method_not_allowed: 405,
  request_too_large: 413,
  untranslatable: 422,
  rate_limited: 429,
  internal: 500,
  broken_route: 500,
  unsupported_pair: 501,
  fault: 503,
  bad_upstream_answer: 502,
  upstream_unreachable: 503,
  upstream_reset: 503,
  no_healthy_upstream: 503,
  overflow: 503,
  shutting_down: 503,
  credential_unavailable: 503,
  access_unavailable: 503,
  upstream_timeout: 504,
} as const;
export type FailureCode = keyof typeof failureStatus;

/** `message` is safe for clients; `cause` is for the log. */
export class ExchangeFailure extends Error {
  override readonly name = "ExchangeFailure";
  readonly code: FailureCode;

  constructor(code: FailureCode, message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.code = code;
  }

  get status(): number {
    return failureStatus[this.code];
  }
}
