import { z } from "zod";
import { Hostname } from "../common.ts";
import { ParentRefs } from "./parent-refs.ts";

/** Only what tells an MCPRoute from something else: its servers are not served yet. */
export const MCPRoute = {
  spec: z.looseObject({
    parentRefs: ParentRefs,
    path: z.string().max(1024).default("/mcp"),
    hostnames: z.array(Hostname).max(16).default([]),
    backendRefs: z
      .array(z.looseObject({ name: z.string().min(1) }))
      .min(1)
      .max(256),
  }),
};
