import type { LocalAnswer } from "../../endpoints/index.ts";
import type { FailureCode } from "../../model/failure.ts";
import { grpcStatus } from "./call.ts";
import type { ImmediateAnswer } from "./codec/processing-response.ts";

/** An answer of the gateway's own as Envoy takes it. */
export function immediate({ status, headers, body, failure }: LocalAnswer): ImmediateAnswer {
  return {
    kind: "immediate",
    status,
    headers,
    body,
    grpcStatus: statusOf(status),
    details: failure === undefined ? "aigw_answered" : `aigw_${failure satisfies FailureCode}`,
  };
}

/** What gRPC calls an HTTP status; seen in logs, since no client of an AI endpoint speaks gRPC. */
function statusOf(status: number): number {
  if (status < 400) return 0;
  if (status === 404) return grpcStatus.notFound;
  if (status === 405 || status === 501) return grpcStatus.unimplemented;
  if (status < 500) return grpcStatus.invalidArgument;
  return status === 503 ? grpcStatus.unavailable : grpcStatus.internal;
}
