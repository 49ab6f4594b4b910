import { Buffer } from "node:buffer";
import { grpcStatus } from "../call.ts";
import { servingStatus, writeHealthCheckResponse, writeHealthListResponse } from "../codec/health.ts";
import { collectorMetadata } from "../names.ts";
import type { UnaryMethods } from "./accept-calls.ts";
import { CallFailure } from "./message-reader.ts";

const healthPath = "/grpc.health.v1.Health";

/** gRPC's health of a server, whatever the service that is asked about. */
export function healthMethods(isServing: () => boolean): UnaryMethods {
  const status = () => (isServing() ? servingStatus.serving : servingStatus.notServing);
  return {
    [`${healthPath}/Check`]: () => writeHealthCheckResponse(status()),
    [`${healthPath}/List`]: () => writeHealthListResponse("extproc", status()),
    [`${healthPath}/Watch`]() {
      throw new CallFailure(grpcStatus.unimplemented, "Watch is not implemented");
    },
  };
}

export type TakeLogs = (address: string, request: Uint8Array) => void;

/** Envoy is thanked at once: what becomes of its records is not for it to wait for. */
export function logsMethods(takeLogs: TakeLogs | undefined): UnaryMethods {
  if (takeLogs === undefined) return {};
  return {
    "/opentelemetry.proto.collector.logs.v1.LogsService/Export"(request, header) {
      const address = header(collectorMetadata);
      if (address !== undefined) takeLogs(address, request);
      return Buffer.alloc(0);
    },
  };
}
