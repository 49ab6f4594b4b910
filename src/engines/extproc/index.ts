export { defaultMount, type Mount } from "../../endpoints/endpoint-table.ts";
export { type GrpcAddress, readGrpcAddress } from "./grpc/address.ts";
export {
  type CallServer,
  CallServerFailure,
  type CallServerOptions,
  startCallServer,
} from "./grpc/call-server.ts";
export { checkHealth } from "./grpc/check-health.ts";
export { attributes, metadataNamespace, originalModelKey, requestIdKey, responseDetails } from "./names.ts";
export { Processor, type ProcessorOptions } from "./processor.ts";
