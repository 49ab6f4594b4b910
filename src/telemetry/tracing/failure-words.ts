import type { FailureReason } from "./convention.ts";

/** What went wrong with an answer whose status was good. */
export const failureWords: { readonly [R in FailureReason]: string } = {
  client_disconnected: "the client left before the answer was complete",
  upstream_reset: "the upstream closed the connection before the answer was complete",
  upstream_timeout: "the upstream did not finish its answer in time",
  bad_upstream_answer: "the upstream's answer cannot be read",
  stream_cut: "the stream ended before the answer was complete",
  stream_error: "the answer says that it failed",
  incomplete: "the answer says that it is incomplete",
  internal: "the gateway failed to handle the request",
};
