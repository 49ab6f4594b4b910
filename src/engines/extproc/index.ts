export { defaultMount, type Mount } from "../../endpoints/index.ts";
export { type GrpcAddress, readGrpcAddress } from "./grpc/address.ts";
export { type CallServer, startCallServer } from "./grpc/call-server.ts";
export { checkHealth } from "./grpc/check-health.ts";
export { Processor } from "./processor.ts";
export { createProcessor } from "./socket-processor.ts";
