export { AdminFailure, type AdminOptions, type AdminServer, startAdminServer } from "./server.ts";
