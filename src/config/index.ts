export { type AutoconfigOptions, autoconfigure } from "./autoconfig/autoconfigure.ts";
export { compileGateway } from "./compile-gateway.ts";
export { formatDiagnostic } from "./diagnostics.ts";
export { jsonSchemas } from "./json-schemas.ts";
export { ConfigFailure, type Environment, type Source, type World } from "./world.ts";
export { writeResources } from "./write-resources.ts";
