export { createEnvoyEngine } from "./engine.ts";
export { type ObtainOptions, obtainEnvoy } from "./obtain/obtain-envoy.ts";
export { readWanted, type Wanted } from "./obtain/wanted.ts";
export type { Processor, ProcessorOptions } from "./processor.ts";
export { endLeftover } from "./supervise/leftover.ts";
