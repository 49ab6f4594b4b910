import { z } from "zod";
import {
  byNameIgnoringCase,
  Duration,
  duplicate,
  groups,
  HeaderName,
  Hostname,
  isLonger,
  Namespace,
  SubdomainName,
  unique,
} from "../common.ts";
import { BodyMutation, HeaderMutation } from "./mutations.ts";
import { ParentRefs } from "./parent-refs.ts";
import { RequestCosts } from "./request-costs.ts";

const Match = z.strictObject({
  headers: z
    .array(
      z.strictObject({
        name: HeaderName,
        type: z.enum(["Exact", "RegularExpression"]).default("Exact"),
        value: z.string().min(1).max(4096),
      }),
    )
    .max(16)
    .superRefine(unique(byNameIgnoringCase, duplicate, "name"))
    .default([]),
});

const BackendRef = z
  .strictObject({
    name: z.string().min(1),
    namespace: Namespace.optional(),
    group: z.string().optional(),
    kind: z.string().optional(),
    weight: z
      .int()
      .min(0)
      .max(2 ** 31 - 1)
      .default(1),
    priority: z
      .int()
      .min(0)
      .max(2 ** 31 - 1)
      .default(0),
    modelNameOverride: z.string().default(""),
    headerMutation: HeaderMutation.optional(),
    bodyMutation: BodyMutation.optional(),
  })
  .refine(({ group, kind }) => (group === undefined) === (kind === undefined), {
    error: "group and kind must be specified together",
  })
  .refine((ref) => ref.group === undefined || ref.kind === undefined || isPool(ref), {
    error: "only InferencePool from inference.networking.k8s.io group is supported",
  });
export type BackendRef = z.infer<typeof BackendRef>;

/** Whether a reference names an InferencePool, which only Kubernetes has. */
export function isPool(ref: {
  readonly group?: string | undefined;
  readonly kind?: string | undefined;
}): boolean {
  return ref.group === groups.inference && ref.kind === "InferencePool";
}

const Rule = z
  .strictObject({
    name: SubdomainName.optional(),
    matches: z.array(Match).max(128).default([]),
    backendRefs: z.array(BackendRef).max(128).default([]),
    timeouts: z
      .strictObject({ request: Duration.optional(), backendRequest: Duration.optional() })
      .refine(
        ({ request, backendRequest }) =>
          request === undefined ||
          backendRequest === undefined ||
          !isLonger(request, "0s") ||
          !isLonger(backendRequest, request),
        { error: "backendRequest timeout cannot be longer than request timeout", path: ["backendRequest"] },
      )
      .optional(),
    streamIdleTimeout: Duration.optional().meta({ description: "Silence of the upstream that ends a try" }),
    modelsOwnedBy: z.string().default("Envoy AI Gateway"),
    modelsCreatedAt: z.iso
      .datetime({ offset: true, error: "must be a time such as 2025-06-01T00:00:00Z" })
      .optional(),
  })
  .refine(({ backendRefs: refs }) => !refs.some(isPool) || refs.every(isPool), {
    error: "cannot mix InferencePool and AIServiceBackend references in the same rule",
    path: ["backendRefs"],
  })
  .refine(({ backendRefs: refs }) => refs.filter(isPool).length <= 1 || !refs.every(isPool), {
    error: "only one InferencePool backend is allowed per rule",
    path: ["backendRefs"],
  });
export type Rule = z.infer<typeof Rule>;

export const AIGatewayRoute = {
  spec: z.strictObject({
    parentRefs: ParentRefs.default([]),
    hostnames: z.array(Hostname).max(16).default([]),
    rules: z
      .array(Rule)
      .max(15)
      .superRefine(
        unique(
          ({ name }: { readonly name?: string | undefined }) => name,
          () => "rule name must be unique within the route",
          "name",
        ),
      )
      .superRefine((rules, context) => {
        for (const [index, { name }] of rules.entries()) {
          if (name !== "route-not-found") continue;
          context.addIssue({
            code: "custom",
            path: [index, "name"],
            message: "rule name route-not-found is reserved",
          });
        }
      }),
    llmRequestCosts: RequestCosts,
  }),
};
