export { createEmbeddedEngine, type EmbeddedOptions } from "./engine.ts";
