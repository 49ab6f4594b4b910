import { z } from "zod";
import { Duration, HeaderName, Port, Quantity } from "../../common.ts";

const Status = z.int().min(100).max(599);
const Percentage = z.number().min(0).max(100);

const Delay = z.strictObject({ fixedDelay: Duration, percentage: Percentage.optional() });
const Abort = z
  .strictObject({
    httpStatus: z.int().min(200).max(600).optional(),
    grpcStatus: z.int().min(0).max(16).optional(),
    percentage: Percentage.optional(),
  })
  .refine(({ httpStatus, grpcStatus }) => httpStatus === undefined || grpcStatus === undefined, {
    error: "httpStatus and grpcStatus cannot be simultaneously defined.",
  })
  .refine(({ httpStatus, grpcStatus }) => httpStatus !== undefined || grpcStatus !== undefined, {
    error: "httpStatus and grpcStatus are set at least one.",
  });

export const FaultInjection = z
  .strictObject({ delay: Delay.optional(), abort: Abort.optional() })
  .refine(({ delay, abort }) => delay !== undefined || abort !== undefined, {
    error: "Delay and abort faults are set at least one.",
  })
  .meta({ description: "Delays and errors for a share of the requests, to see how clients bear them" });

const StatusMatch = z
  .strictObject({
    type: z.enum(["Value", "Range"]).default("Value"),
    value: Status.optional(),
    range: z
      .strictObject({ start: Status, end: Status })
      .refine(({ start, end }) => start < end, { error: "end must be greater than start" })
      .optional(),
  })
  .refine(({ type, value, range }) => (type === "Value" ? value : range) !== undefined, {
    error: "value must be set for type Value, range for type Range",
  });

const HeaderMatch = z.strictObject({
  name: HeaderName,
  type: z.enum(["Exact", "RegularExpression"]).default("Exact"),
  value: z.string().min(1).max(4096),
});

const HeaderEdit = z.array(z.strictObject({ name: HeaderName, value: z.string().max(4096) })).max(16);

const Body = z
  .strictObject({
    type: z.enum(["Inline", "ValueRef"]).default("Inline"),
    inline: z.string().optional(),
    valueRef: z.strictObject({ group: z.string(), kind: z.string(), name: z.string().min(1) }).optional(),
  })
  .refine(({ type, inline, valueRef }) => (type === "Inline" ? inline : valueRef) !== undefined, {
    error: "inline must be set for type Inline, valueRef for type ValueRef",
  })
  .refine(({ valueRef }) => valueRef === undefined || valueRef.kind === "ConfigMap", {
    error: "only ConfigMap is supported for ValueRef",
  });

export const ResponseOverride = z
  .strictObject({
    match: z.strictObject({
      statusCodes: z.array(StatusMatch).max(50).optional(),
      responseHeaders: z.array(HeaderMatch).max(16).optional(),
    }),
    source: z.enum(["All", "Local", "Backend"]).optional(),
    response: z
      .strictObject({
        statusCode: Status.optional(),
        contentType: z.string().optional(),
        body: Body.optional(),
        header: z.strictObject({ set: HeaderEdit.optional(), add: HeaderEdit.optional() }).optional(),
      })
      .optional(),
    redirect: z
      .strictObject({
        scheme: z.enum(["http", "https"]).optional(),
        hostname: z.string().min(1).optional(),
        path: z
          .strictObject({ type: z.literal("ReplaceFullPath"), replaceFullPath: z.string().max(1024) })
          .optional(),
        port: Port.optional(),
        statusCode: z.union([z.literal(301), z.literal(302)]).optional(),
      })
      .optional(),
  })
  .refine(({ response, redirect }) => (response === undefined) !== (redirect === undefined), {
    error: "exactly one of response or redirect must be specified",
  })
  .refine(({ match }) => (match.statusCodes?.length ?? 0) > 0 || (match.responseHeaders?.length ?? 0) > 0, {
    error: "at least one of statusCodes or responseHeaders must be specified",
    path: ["match"],
  })
  .meta({ description: "An answer that clients get instead of the one there was" });

export const Compression = z
  .strictObject({
    type: z.enum(["Gzip", "Brotli", "Zstd"]),
    gzip: z.strictObject({}).optional(),
    brotli: z.strictObject({}).optional(),
    zstd: z.strictObject({}).optional(),
  })
  .meta({ description: "An encoding of answers for clients that accept it" });

export const RequestBuffer = z.strictObject({ limit: Quantity });
