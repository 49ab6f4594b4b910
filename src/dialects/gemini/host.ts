import type { Host } from "../dialect.ts";
import { SseReader } from "../wire/sse.ts";

/** Vertex AI. Project and location come into the path with the credential. */
export const geminiHost: Host = { frames: () => new SseReader() };
