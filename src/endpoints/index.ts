export type { Endpoint, FailureFacts, Family, LocalAnswer, WriteFailure } from "./endpoint.ts";
export {
  createEndpointTable,
  defaultMount,
  type EndpointTable,
  type Lookup,
  type Mount,
} from "./endpoint-table.ts";
export { describeModel, listModels, type ModelsFamily } from "./models.ts";
export { failureWriters, noRouteMessage } from "./write-failure.ts";
