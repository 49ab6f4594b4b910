import { z } from "zod";

export const RequestCost = z.strictObject({
  metadataKey: z.string().min(1),
  type: z.enum([
    "OutputToken",
    "InputToken",
    "CachedInputToken",
    "CacheCreationInputToken",
    "TotalToken",
    "ReasoningToken",
    "CEL",
  ]),
  cel: z
    .string()
    .optional()
    .meta({ description: "Needed when type is CEL; gives an int or uint, 0 or more" }),
});
export type RequestCost = z.infer<typeof RequestCost>;

/** A later entry of the same `metadataKey` replaces an earlier one. */
export const RequestCosts = z.array(RequestCost).max(36).default([]);
