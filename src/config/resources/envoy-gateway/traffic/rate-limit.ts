import { z } from "zod";
import { HeaderName } from "../../common.ts";
import { notYet } from "../../support.ts";

const IntOrText = z.string().min(1).max(1024);

const HeaderCondition = z
  .strictObject({
    type: z.enum(["Exact", "RegularExpression", "Distinct"]).default("Exact"),
    name: HeaderName,
    value: IntOrText.optional(),
    invert: z.boolean().default(false),
  })
  .refine(({ type, value }) => (type === "Distinct") === (value === undefined), {
    error: "value must be set, except for type Distinct",
  });

const QueryCondition = z
  .strictObject({
    type: z.enum(["Exact", "RegularExpression", "Distinct"]).default("Exact"),
    name: z.string().min(1).max(256),
    value: IntOrText.optional(),
    invert: z.boolean().default(false),
  })
  .refine(({ type, value }) => (type === "Distinct") === (value === undefined), {
    error: "value must be set, except for type Distinct",
  });

/** Which requests of a client a limit is about: all that is written must fit. */
export const SelectCondition = z
  .strictObject({
    headers: z.array(HeaderCondition).max(16).optional(),
    methods: z
      .array(z.strictObject({ value: z.string().min(1), invert: z.boolean().default(false) }))
      .max(16)
      .optional(),
    path: z
      .strictObject({
        type: z.enum(["Exact", "PathPrefix", "RegularExpression"]).default("PathPrefix"),
        value: z.string().min(1).max(1024),
        invert: z.boolean().default(false),
      })
      .optional(),
    sourceCIDR: z
      .strictObject({
        type: z.enum(["Exact", "Distinct"]).default("Exact"),
        value: z.string().min(1).max(256),
      })
      .optional(),
    queryParams: z.array(QueryCondition).max(16).optional(),
  })
  .refine(
    ({ headers, methods, path, sourceCIDR, queryParams }) =>
      [headers?.length, methods?.length, path, sourceCIDR, queryParams?.length].some(Boolean),
    { error: "at least one of headers, methods, path, sourceCIDR or queryParams must be specified" },
  );
export type SelectCondition = z.infer<typeof SelectCondition>;

const MetadataSource = z.strictObject({ namespace: z.string().min(1), key: z.string().min(1) });

const CostSpecifier = z
  .strictObject({
    from: z.enum(["Number", "Metadata"]),
    number: z.int().min(0).optional(),
    metadata: MetadataSource.optional(),
  })
  .refine(({ number, metadata }) => number === undefined || metadata === undefined, {
    error: "only one of number or metadata can be specified",
  })
  .refine(({ from, number, metadata }) => (from === "Number" ? number : metadata) !== undefined, {
    error: "number must be set for from: Number, metadata for from: Metadata",
  });
export type CostSpecifier = z.infer<typeof CostSpecifier>;

export const limitUnits = ["Second", "Minute", "Hour", "Day", "Week", "Month", "Year"] as const;

const Rule = z.strictObject({
  name: z.string().optional(),
  clientSelectors: z
    .array(SelectCondition)
    .max(8)
    .optional()
    .meta({ description: "One must fit; none at all fits every request" }),
  limit: z.strictObject({
    requests: z.int().min(0).max(4_294_967_295),
    unit: z.enum(limitUnits),
    fromMetadata: notYet(),
  }),
  cost: z
    .strictObject({ request: CostSpecifier.optional(), response: CostSpecifier.optional() })
    .optional()
    .meta({ description: "What a request counts; 1 and nothing for its answer if not given" }),
  shared: z.boolean().optional().meta({ description: "One count for all routes of the policy" }),
  shadowMode: z.boolean().optional().meta({ description: "Counts and never refuses" }),
  xRateLimitHeaders: notYet(),
});
export type RateLimitRule = z.infer<typeof Rule>;

const LocalRule = Rule.refine(({ cost }) => cost?.response === undefined, {
  error: "response cost is not supported for Local Rate Limits",
  path: ["cost", "response"],
})
  .refine(({ limit }) => limit.fromMetadata === undefined, {
    error: "limit fromMetadata is not supported for Local Rate Limits",
    path: ["limit", "fromMetadata"],
  })
  .refine(({ cost }) => cost?.request?.from !== "Metadata", {
    error: "a cost from metadata is not supported for Local Rate Limits",
    path: ["cost", "request"],
  });

export const RateLimit = z
  .strictObject({
    type: z.enum(["Global", "Local"]).optional(),
    local: z
      .strictObject({ rules: z.array(LocalRule).max(16).optional() })
      .optional()
      .refine(
        (local) =>
          (local?.rules ?? []).filter(({ clientSelectors = [] }) => clientSelectors.length === 0).length <= 1,
        { error: "only one rule without clientSelectors may be given" },
      ),
    global: z.strictObject({ rules: z.array(Rule).max(256), shared: z.boolean().optional() }).optional(),
  })
  .refine(({ local, global }) => local !== undefined || global !== undefined, {
    error: "either global or local must be set",
  })
  .meta({ description: "How much is taken in how much time" });
