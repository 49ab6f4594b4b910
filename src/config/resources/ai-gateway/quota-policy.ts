import { z } from "zod";
import { groups, TargetRef } from "../common.ts";
import { SelectCondition } from "../envoy-gateway/traffic/rate-limit.ts";
import { notYet } from "../support.ts";

const Amount = z.strictObject({
  limit: z.int().min(0).meta({ description: "What may be spent, in the unit of the cost" }),
  duration: z.enum(["1s", "1m", "1h", "1d"]),
});

const BucketRule = z.strictObject({
  clientSelectors: z.array(SelectCondition).max(8).optional(),
  quota: Amount,
  shadowMode: z.boolean().optional(),
});

const Quota = z.strictObject({
  costExpression: z.string().min(1).optional().meta({ description: "CEL; total_tokens if not given" }),
  mode: z.enum(["Shared"]).optional(),
  defaultBucket: Amount.optional(),
  bucketRules: z.array(BucketRule).optional(),
});

export const QuotaPolicy = {
  spec: z.strictObject({
    targetRefs: z
      .array(TargetRef)
      .max(16)
      .optional()
      .refine(
        (refs = []) => refs.every(({ group, kind }) => group === groups.ai && kind === "AIServiceBackend"),
        { error: "targetRefs must reference AIServiceBackend resources" },
      ),
    serviceQuota: notYet(),
    perModelQuotas: z
      .array(z.strictObject({ modelName: z.string().min(1), quota: Quota }))
      .max(128)
      .optional(),
  }),
};
