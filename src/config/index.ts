export { type AutoconfigOptions, autoconfigure } from "./autoconfig/autoconfigure.ts";
export { compileGateway, lintGateway } from "./compile-gateway.ts";
export { formatDiagnostic } from "./diagnostics.ts";
export { type FilterConfig, FilterConfigFailure, readFilterConfig } from "./filter/read-filter-config.ts";
export { jsonSchemas, mcpServersSchema } from "./json-schemas.ts";
export { checkMcpServers } from "./mcp-servers/read-mcp-servers.ts";
export { ConfigFailure, type Environment, type Source, type World } from "./world.ts";
export { writeResources } from "./write-resources.ts";
