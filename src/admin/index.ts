export { type AdminServer, startAdminServer } from "./server.ts";
