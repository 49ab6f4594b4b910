import { z } from "zod";
import { Duration, HeaderName, Quantity } from "../../common.ts";
import { notYet } from "../../support.ts";

const Percent = z.int().min(0).max(100);
const Threshold = z.int().min(0).max(4_294_967_295);

export const CircuitBreaker = z
  .strictObject({
    maxConnections: Threshold.optional(),
    maxPendingRequests: Threshold.optional(),
    maxParallelRequests: Threshold.optional(),
    maxParallelRetries: Threshold.optional(),
    maxRequestsPerConnection: Threshold.optional(),
    perEndpoint: z.strictObject({ maxConnections: Threshold.optional() }).optional(),
    retryBudget: z
      .strictObject({
        percent: z
          .strictObject({ numerator: z.int().min(0), denominator: z.int().min(1).optional() })
          .refine(({ numerator, denominator = 100 }) => numerator <= denominator, {
            error: "numerator must be less than or equal to denominator",
          })
          .optional(),
        minRetryConcurrency: Threshold.optional(),
      })
      .optional()
      .meta({ description: "Share of what is under way that may be retries; replaces maxParallelRetries" }),
  })
  .meta({
    description: "Limits on what is under way to a rule's backends; above them clients get 503 at once",
  });

const HashHeader = z.strictObject({ name: HeaderName });

const ConsistentHash = z
  .strictObject({
    type: z.enum(["SourceIP", "Header", "Headers", "Cookie", "QueryParams"]),
    header: HashHeader.optional(),
    headers: z.array(HashHeader).min(1).optional(),
    cookie: z
      .strictObject({
        name: z.string().min(1),
        ttl: Duration.optional().meta({
          description: "The gateway makes a cookie of this age where there is none",
        }),
        attributes: z.record(z.string(), z.string()).optional(),
      })
      .optional(),
    queryParams: z
      .array(z.strictObject({ name: z.string().min(1) }))
      .min(1)
      .optional(),
    tableSize: z.int().min(2).max(5_000_011).optional(),
  })
  .refine(({ type, header }) => (type === "Header") === (header !== undefined), {
    error: "If consistent hash type is header, the header field must be set.",
  })
  .refine(({ type, headers }) => (type === "Headers") === (headers !== undefined), {
    error: "If consistent hash type is headers, the headers field must be set.",
  })
  .refine(({ type, cookie }) => (type === "Cookie") === (cookie !== undefined), {
    error: "If consistent hash type is cookie, the cookie field must be set.",
  })
  .refine(({ type, queryParams }) => (type === "QueryParams") === (queryParams !== undefined), {
    error: "If consistent hash type is queryParams, the queryParams field must be set.",
  });

export const LoadBalancer = z
  .strictObject({
    type: z.enum(["ConsistentHash", "LeastRequest", "Random", "RoundRobin"]),
    consistentHash: ConsistentHash.optional(),
    slowStart: z.strictObject({ window: Duration }).optional(),
    endpointOverride: notYet(),
    zoneAware: notYet(),
  })
  .refine(({ type, consistentHash }) => (type === "ConsistentHash") === (consistentHash !== undefined), {
    error: "If LoadBalancer type is consistentHash, consistentHash field needs to be set.",
  })
  .refine(
    ({ type, slowStart }) => slowStart === undefined || type === "LeastRequest" || type === "RoundRobin",
    { error: "Currently SlowStart is only supported for RoundRobin and LeastRequest load balancers." },
  )
  .meta({ description: "Which endpoint of those that are in question gets a request" });

const Payload = z
  .strictObject({
    type: z.enum(["Text", "Binary"]),
    text: z.string().optional(),
    binary: z.string().optional(),
  })
  .refine(({ type, text, binary }) => (type === "Text" ? text : binary) !== undefined, {
    error: "If payload type is Text, text field needs to be set; if Binary, binary.",
  });

const ActiveHealth = z
  .strictObject({
    type: z.enum(["HTTP", "TCP", "GRPC"]),
    timeout: Duration.optional(),
    interval: Duration.optional(),
    initialJitter: Duration.optional(),
    unhealthyThreshold: z.int().min(1).optional(),
    healthyThreshold: z.int().min(1).optional(),
    http: z
      .strictObject({
        path: z.string().min(1).max(1024),
        method: z.string().optional(),
        hostname: z.string().min(1).optional(),
        expectedStatuses: z.array(z.int().min(100).max(599)).optional(),
        expectedResponse: Payload.optional(),
      })
      .optional(),
    tcp: z.strictObject({ send: Payload.optional(), receive: Payload.optional() }).optional(),
    grpc: z.strictObject({ service: z.string().optional() }).optional(),
    overrides: notYet(),
  })
  .refine(({ type, http }) => type !== "HTTP" || http !== undefined, {
    error: "If Health Checker type is HTTP, http field needs to be set.",
  })
  .refine(({ type, http }) => type === "HTTP" || http === undefined, {
    error: "The http field can only be set if the Health Checker type is HTTP.",
  })
  .refine(({ type, tcp }) => type === "TCP" || tcp === undefined, {
    error: "The tcp field can only be set if the Health Checker type is TCP.",
  })
  .refine(({ type, grpc }) => type === "GRPC" || grpc === undefined, {
    error: "The grpc field can only be set if the Health Checker type is GRPC.",
  });

const PassiveHealth = z.strictObject({
  interval: Duration.optional(),
  baseEjectionTime: Duration.optional(),
  consecutive5XxErrors: z.int().min(0).optional(),
  consecutiveGatewayErrors: z.int().min(0).optional(),
  consecutiveLocalOriginFailures: z.int().min(0).optional(),
  splitExternalLocalOriginErrors: z.boolean().optional(),
  maxEjectionPercent: Percent.optional(),
  alwaysEjectOneEndpoint: z.boolean().optional(),
  failurePercentageThreshold: Percent.optional(),
});

export const HealthCheck = z
  .strictObject({
    active: ActiveHealth.optional(),
    passive: PassiveHealth.optional().meta({
      description:
        "Endpoints that fail are left alone for a while. With few of them maxEjectionPercent must be raised",
    }),
    panicThreshold: Percent.optional(),
  })
  .meta({ description: "When an endpoint gets no requests" });

export const Timeout = z
  .strictObject({
    tcp: z.strictObject({ connectTimeout: Duration.optional() }).optional(),
    http: z
      .strictObject({
        requestTimeout: Duration.optional().meta({ description: "For rules that give none themselves" }),
        streamIdleTimeout: Duration.optional(),
        maxStreamDuration: Duration.optional(),
        connectionIdleTimeout: Duration.optional(),
        maxConnectionDuration: Duration.optional(),
      })
      .optional(),
  })
  .meta({ description: "How long what may take" });

export const Dns = z.strictObject({
  dnsRefreshRate: Duration.optional(),
  respectDnsTtl: z.boolean().optional(),
  lookupFamily: z.enum(["IPv4", "IPv6", "IPv4Preferred", "IPv6Preferred", "IPv4AndIPv6"]).optional(),
});

export const Connection = z.strictObject({
  bufferLimit: Quantity.optional(),
  socketBufferLimit: notYet(),
  preconnect: notYet(),
});

export const Http2 = z.strictObject({
  initialStreamWindowSize: Quantity.optional(),
  initialConnectionWindowSize: Quantity.optional(),
  maxConcurrentStreams: z.int().min(1).max(2_147_483_647).optional(),
  connectionKeepalive: notYet(),
  onInvalidMessage: notYet(),
});

export const TcpKeepalive = z.strictObject({
  probes: z.int().min(0).optional(),
  idleTime: Duration.optional(),
  interval: Duration.optional(),
});
