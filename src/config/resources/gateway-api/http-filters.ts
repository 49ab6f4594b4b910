import { z } from "zod";
import {
  byNameIgnoringCase,
  duplicate,
  groups,
  HeaderName,
  Hostname,
  Name,
  Port,
  unique,
} from "../common.ts";
import { notYet } from "../support.ts";
import { HttpBackendReference } from "./http-backend-reference.ts";

const Header = z.strictObject({ name: HeaderName, value: z.string().min(1).max(4096) });
const Headers = z
  .array(Header)
  .max(16)
  .superRefine(unique(byNameIgnoringCase, duplicate, "name"))
  .default([]);

/** Removed, then set, then added. */
export const HeaderModifier = z.strictObject({
  set: Headers,
  add: Headers,
  remove: z.array(z.string().min(1)).max(16).default([]),
});
export type HeaderModifier = z.infer<typeof HeaderModifier>;

const PathModifier = z
  .strictObject({
    type: z.enum(["ReplaceFullPath", "ReplacePrefixMatch"]),
    replaceFullPath: z.string().max(1024).optional(),
    replacePrefixMatch: z.string().max(1024).optional(),
  })
  .refine(({ type, replaceFullPath }) => (type === "ReplaceFullPath") === (replaceFullPath !== undefined), {
    error: "must have replaceFullPath exactly when type is ReplaceFullPath",
    path: ["replaceFullPath"],
  })
  .refine(
    ({ type, replacePrefixMatch }) => (type === "ReplacePrefixMatch") === (replacePrefixMatch !== undefined),
    {
      error: "must have replacePrefixMatch exactly when type is ReplacePrefixMatch",
      path: ["replacePrefixMatch"],
    },
  );
export type PathModifier = z.infer<typeof PathModifier>;

const RequestRedirect = z.strictObject({
  scheme: z.enum(["http", "https"]).optional(),
  hostname: Hostname.optional(),
  path: PathModifier.optional(),
  port: Port.optional(),
  statusCode: z.literal([301, 302, 303, 307, 308]).default(302),
});
export type RequestRedirect = z.infer<typeof RequestRedirect>;

const UrlRewrite = z.strictObject({ hostname: Hostname.optional(), path: PathModifier.optional() });

const RequestMirror = z
  .strictObject({
    backendRef: HttpBackendReference,
    percent: z.int().min(0).max(100).optional(),
    fraction: z
      .strictObject({ numerator: z.int().min(0), denominator: z.int().min(1).default(100) })
      .refine(({ numerator, denominator }) => numerator <= denominator, {
        error: "numerator must be less than or equal to denominator",
        path: ["numerator"],
      })
      .optional(),
  })
  .refine(({ percent, fraction }) => percent === undefined || fraction === undefined, {
    error: "must not have both percent and fraction",
    path: ["fraction"],
  });

const ExtensionRef = z.strictObject({ group: z.string(), kind: z.string().min(1), name: Name });

/** Filter type -> the member that says more about it. */
const members = {
  RequestHeaderModifier: "requestHeaderModifier",
  ResponseHeaderModifier: "responseHeaderModifier",
  RequestMirror: "requestMirror",
  RequestRedirect: "requestRedirect",
  URLRewrite: "urlRewrite",
  ExtensionRef: "extensionRef",
  CORS: "cors",
} as const;
export type FilterType = keyof typeof members;

const HttpFilter = z
  .strictObject({
    type: z.enum(Object.keys(members) as [FilterType, ...FilterType[]]),
    requestHeaderModifier: HeaderModifier.optional(),
    responseHeaderModifier: HeaderModifier.optional(),
    requestMirror: RequestMirror.optional(),
    requestRedirect: RequestRedirect.optional(),
    urlRewrite: UrlRewrite.optional(),
    extensionRef: ExtensionRef.optional(),
    cors: notYet(),
  })
  .superRefine((filter, context) => {
    for (const [type, member] of Object.entries(members)) {
      if ((filter.type === type) === (filter[member] !== undefined)) continue;
      const message = `must have ${member} exactly when type is ${type}`;
      context.addIssue({ code: "custom", path: [member], message });
    }
  });
export type HttpFilter = z.infer<typeof HttpFilter>;

/** Filters that may stand in a list several times. */
const repeatable = new Set<FilterType>(["RequestMirror", "ExtensionRef"]);

/** The filters of a rule, or of one of its references. */
export const HttpFilters = z
  .array(HttpFilter)
  .max(16)
  .superRefine(
    unique(
      ({ type }: HttpFilter) => (repeatable.has(type) ? undefined : type),
      (type) => `${type} filter cannot be repeated`,
      "type",
    ),
  )
  .refine((filters) => !has(filters, "RequestRedirect") || !has(filters, "URLRewrite"), {
    error: "may have RequestRedirect or URLRewrite, but not both",
  })
  .default([]);

export function has(filters: readonly HttpFilter[], type: FilterType): boolean {
  return filters.some((filter) => filter.type === type);
}

/** Whether a filter puts another beginning in the place of the one that was matched. */
export function replacesPrefix({ requestRedirect, urlRewrite }: HttpFilter): boolean {
  return [requestRedirect, urlRewrite].some((change) => change?.path?.type === "ReplacePrefixMatch");
}

/** Whether a reference names one of Envoy Gateway's HTTPRouteFilters. */
export function isRouteFilter({ group, kind }: z.infer<typeof ExtensionRef>): boolean {
  return group === groups.envoy && kind === "HTTPRouteFilter";
}
