export { listenToProcess } from "./process-events.ts";
export { runGateway, shutdownTimes } from "./run-gateway.ts";
