export type { Endpoint, Family, LocalAnswer } from "./endpoint.ts";
export { createEndpointTable, type EndpointTable } from "./endpoint-table.ts";
export { describeModel, listModels } from "./models.ts";
export { streamFailureWriters } from "./stream-failure.ts";
export { failureWriters, noRouteMessage } from "./write-failure.ts";
