import { z } from "zod";
import { TargetRef } from "../common.ts";
import { notYet } from "../support.ts";

/** How Envoy Gateway's policies say what they are about. */
export const policyTargets = {
  targetRef: TargetRef.optional().meta({ description: "Deprecated: use targetRefs" }),
  targetRefs: z.array(TargetRef).max(16).optional(),
  targetSelectors: notYet(),
};

interface Targets {
  readonly targetRef?: unknown;
  readonly targetRefs?: readonly unknown[] | undefined;
  readonly targetSelectors?: unknown;
}

export function targetRules<T extends z.ZodType<Targets>>(spec: T): T {
  return spec
    .refine((targets: Targets) => targets.targetRef === undefined || targets.targetRefs === undefined, {
      error: "either targetRef or targetRefs must be used",
    })
    .refine(
      (targets: Targets) =>
        targets.targetRef !== undefined ||
        (targets.targetRefs?.length ?? 0) > 0 ||
        targets.targetSelectors !== undefined,
      { error: "either targetRef or targetRefs must be used" },
    );
}
