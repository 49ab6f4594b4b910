export type { Endpoint, Family, LocalAnswer } from "./endpoint.ts";
export {
  createEndpointTable,
  defaultMount,
  type EndpointTable,
  type Lookup,
  type Mount,
} from "./endpoint-table.ts";
export { describeModel, listModels } from "./models.ts";
export { streamFailureWriters } from "./stream-failure.ts";
export { failureWriters, noRouteMessage } from "./write-failure.ts";
