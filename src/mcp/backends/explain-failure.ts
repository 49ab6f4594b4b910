import { BackendFailure } from "./connection.ts";

const connectErrors =
  /refused|FailedToOpenSocket|UnableToConnect|ENOTFOUND|EAI_AGAIN|getaddrinfo|DNS|ENOENT|EHOSTUNREACH|ENETUNREACH|CERT|certificate|TLS|SSL|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO/i;

/** What clients may know of an error below HTTP; the cause is for the log. */
export function explainFailure(error: unknown, signal: AbortSignal): BackendFailure {
  if (error instanceof BackendFailure) return error;
  if (signal.aborted) {
    if (signal.reason instanceof BackendFailure) return signal.reason;
    return new BackendFailure("stopped", "was not waited for", { cause: error });
  }
  if (error instanceof SyntaxError) {
    return new BackendFailure("malformed", "sent something that is not JSON", { cause: error });
  }
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const message = error instanceof Error ? error.message : String(error);
  if (connectErrors.test(`${code} ${message}`)) {
    return new BackendFailure("connect", "cannot be reached", { cause: error });
  }
  return new BackendFailure("reset", "closed the connection before it answered", { cause: error });
}
