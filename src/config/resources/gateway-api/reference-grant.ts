import { z } from "zod";
import { Name, Namespace } from "../common.ts";

export const ReferenceGrant = {
  spec: z.strictObject({
    from: z
      .array(z.strictObject({ group: z.string(), kind: z.string().min(1), namespace: Namespace }))
      .min(1)
      .max(16),
    to: z
      .array(z.strictObject({ group: z.string(), kind: z.string().min(1), name: Name.optional() }))
      .min(1)
      .max(16),
  }),
};
