import type { Runtime } from "./runtime.ts";

export type { HttpHandler, HttpServer, Runtime } from "./runtime.ts";

/** The runtime that this process runs in. Only its own file is loaded. */
export async function currentRuntime(): Promise<Runtime> {
  if ("Bun" in globalThis) return (await import("./bun.ts")).createBunRuntime();
  if ("Deno" in globalThis) return (await import("./deno.ts")).createDenoRuntime();
  throw new Error("aigw needs Bun or Deno");
}
