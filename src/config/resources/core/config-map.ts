import { z } from "zod";

export const ConfigMap = {
  immutable: z.boolean().optional(),
  data: z.record(z.string(), z.string()).default({}),
  binaryData: z.record(z.string(), z.string()).default({}),
};
