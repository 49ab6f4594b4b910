export { createEnvoyEngine } from "./engine.ts";
export type { EnvoyOptions, EnvoyPaths, EnvoyTerminal } from "./options.ts";
export type { Processor } from "./processor.ts";
