import { z } from "zod";
import { Duration, HeaderName, Quantity } from "../common.ts";

/** A field of ours, which the reference does not know: clusters refuse it. */
export function ours<T extends z.ZodType>(schema: T, meaning: string): T {
  return schema.meta({ description: `aigw only: ${meaning}` });
}

/** Values of headers and variables are mostly keys. */
const SecretText = z.string().meta({ isSecret: true });

/** A server that is a child process and speaks over its standard input and output. */
export const Stdio = z.strictObject({
  command: z.string().min(1),
  args: z.array(SecretText).default([]),
  env: z.array(z.strictObject({ name: z.string().min(1), value: SecretText })).default([]),
  inheritEnv: z.boolean().default(true),
  cwd: z.string().min(1).optional(),
  mode: z.enum(["shared", "perSession"]).default("shared"),
  failFast: z.boolean().default(false),
});

export const StaticHeaders = z.array(z.strictObject({ name: HeaderName, value: SecretText })).max(64);

export const Limits = z.strictObject({
  maxRequestSize: Quantity.optional(),
  maxResponseSize: Quantity.optional(),
  maxEventSize: Quantity.optional(),
  initializeTimeout: Duration.optional(),
  listTimeout: Duration.optional(),
  callIdleTimeout: Duration.optional(),
  callTimeout: Duration.optional(),
  sessionMaxAge: Duration.optional(),
  heartbeatInterval: Duration.optional(),
  listCacheTTL: Duration.optional(),
  pageSize: z.int().min(0).optional(),
});
