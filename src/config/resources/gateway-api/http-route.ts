import { z } from "zod";
import { ParentRef } from "../ai-gateway/parent-refs.ts";
import {
  byName,
  byNameIgnoringCase,
  Duration,
  duplicate,
  HeaderName,
  Hostname,
  isLonger,
  SubdomainName,
  unique,
} from "../common.ts";
import { notYet } from "../support.ts";
import { hasPort, httpBackendReference, needsPort } from "./http-backend-reference.ts";
import { HttpFilters, has, replacesPrefix } from "./http-filters.ts";

const matchType = z.enum(["Exact", "RegularExpression"]).default("Exact");
const matchValue = z.string().min(1).max(4096);

/** What a path to compare with must not hold, since no normalised path does. */
const impossible = ["//", "/./", "/../", "%2f", "%2F", "#"];

const PathMatch = z
  .strictObject({
    type: z.enum(["Exact", "PathPrefix", "RegularExpression"]).default("PathPrefix"),
    value: z.string().max(1024).default("/"),
  })
  .superRefine(({ type, value }, context) => {
    if (type === "RegularExpression") return;
    const say = (message: string) => context.addIssue({ code: "custom", path: ["value"], message });
    if (!value.startsWith("/")) say(`${JSON.stringify(value)} must be an absolute path and start with '/'`);
    for (const part of impossible) if (value.includes(part)) say(`must not contain ${JSON.stringify(part)}`);
    for (const end of ["/..", "/."]) if (value.endsWith(end)) say(`must not end with ${JSON.stringify(end)}`);
    if (!/^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@#]|%[0-9a-fA-F]{2})*$/.test(value))
      say(`${JSON.stringify(value)} holds a character that a path cannot have`);
  })
  .prefault({});

const HeaderMatch = z.strictObject({ name: HeaderName, type: matchType, value: matchValue });
const QueryMatch = z.strictObject({ name: HeaderName, type: matchType, value: matchValue.max(1024) });

const Match = z.strictObject({
  path: PathMatch,
  method: z.enum(["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]).optional(),
  headers: z
    .array(HeaderMatch)
    .max(16)
    .superRefine(unique(byNameIgnoringCase, duplicate, "name"))
    .default([]),
  queryParams: z
    .array(QueryMatch)
    .max(16)
    .superRefine(unique(byName, duplicate, "name"))
    .default([]),
});
export type HttpMatch = z.infer<typeof Match>;

const BackendRef = z
  .strictObject({
    ...httpBackendReference,
    weight: z.int().min(0).max(1_000_000).default(1),
    filters: HttpFilters,
  })
  .refine(hasPort, needsPort());
export type HttpBackendRef = z.infer<typeof BackendRef>;

const Timeouts = z
  .strictObject({ request: Duration.optional(), backendRequest: Duration.optional() })
  .refine(
    ({ request, backendRequest }) =>
      request === undefined ||
      backendRequest === undefined ||
      !isLonger(request, "0s") ||
      !isLonger(backendRequest, request),
    { error: "backendRequest timeout cannot be longer than request timeout", path: ["backendRequest"] },
  );

const Rule = z
  .strictObject({
    name: SubdomainName.optional(),
    matches: z.array(Match).max(64).prefault([{}]),
    filters: HttpFilters,
    backendRefs: z.array(BackendRef).max(16).default([]),
    timeouts: Timeouts.optional(),
    retry: z
      .strictObject({
        codes: z.array(z.int().min(400).max(599)).default([]),
        attempts: z.int().min(0).optional(),
        backoff: Duration.optional(),
      })
      .optional(),
    sessionPersistence: notYet(),
  })
  .refine(({ filters, backendRefs }) => !has(filters, "RequestRedirect") || backendRefs.length === 0, {
    error: "RequestRedirect filter must not be used together with backendRefs",
    path: ["backendRefs"],
  })
  .refine(
    ({ filters, backendRefs, matches }) => {
      const all = [...filters, ...backendRefs.flatMap((ref) => ref.filters)];
      return !all.some(replacesPrefix) || (matches.length === 1 && matches[0]?.path.type === "PathPrefix");
    },
    { error: "with replacePrefixMatch exactly one PathPrefix match must be specified", path: ["matches"] },
  );
export type HttpRule = z.infer<typeof Rule>;

const maxMatches = 128;

export const HTTPRoute = {
  spec: z.strictObject({
    parentRefs: z.array(ParentRef).max(32).default([]),
    hostnames: z.array(Hostname).max(16).default([]),
    rules: z
      .array(Rule)
      .min(1)
      .max(16)
      .superRefine(
        unique(
          ({ name }: { readonly name?: string | undefined }) => name,
          () => "rule name must be unique within the route",
          "name",
        ),
      )
      .refine((rules) => rules.reduce((sum, { matches }) => sum + matches.length, 0) <= maxMatches, {
        error: `the total number of matches across all rules in a route must be at most ${maxMatches}`,
      })
      .prefault([{}]),
    useDefaultGateways: notYet(),
  }),
};
