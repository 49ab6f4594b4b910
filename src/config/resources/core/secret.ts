import { z } from "zod";

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Values stay out of messages; what they are for is decided by whoever refers to the Secret. */
export const Secret = {
  type: z.string().optional(),
  immutable: z.boolean().optional(),
  data: z
    .record(
      z.string(),
      z
        .string()
        .refine((text) => base64.test(text.replace(/\s+/g, "")), {
          error: "must be base64; plain text goes into stringData",
        })
        .meta({ isSecret: true }),
    )
    .default({}),
  stringData: z.record(z.string(), z.string().meta({ isSecret: true })).default({}),
};
