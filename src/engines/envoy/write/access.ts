import type { Cors } from "../../../model/access.ts";
import type { GatewayModel } from "../../../model/gateway.ts";
import type { Listener, VirtualHost } from "../../../model/listener.ts";
import type { RouteMatch, Rule } from "../../../model/route.ts";
import {
  accessMetadata,
  addressMetadata,
  configuredKeys,
  lateMetadata,
  plainMetadata,
  processorFilter,
  ruleMetadata,
} from "../names.ts";
import { writeCompression } from "./compression.ts";
import { writeTextMatch } from "./matches.ts";
import { extension, type JsonObject, typed } from "./proto.ts";

/**
 * Who may come in is the processor's to say, by the same code as without Envoy: keys of clients are in no file, tokens
 * are checked with keys that are fetched once, and an AI request is asked nothing more than it is asked anyway.
 * Cross-origin requests are Envoy's own, since only it sees every answer.
 */
const corsFilter = "envoy.filters.http.cors";

/** Filters of a listener that stand before the processor's. */
export function writeCorsFilters(listener: Listener, { access }: GatewayModel): JsonObject[] {
  const isWanted = keysOf(listener).some((key) => access[key]?.cors !== undefined);
  return isWanted ? [extension(corsFilter, "envoy.extensions.filters.http.cors.v3.Cors")] : [];
}

/** What the listener's stream tells the processor, where any of its policies asks for addresses. */
export function writeAddressMetadata(listener: Listener, { access, limits }: GatewayModel): JsonObject[] {
  const isWanted =
    keysOf(listener).some((key) => access[key]?.authorization?.rules.some(({ cidrs }) => cidrs.length > 0)) ||
    Object.values(limits).some(({ selectors }) => selectors.some(({ cidr }) => cidr !== undefined));
  return isWanted ? [{ key: addressMetadata, value: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%" }] : [];
}

function keysOf({ chains }: Listener): string[] {
  const hosts = chains.flatMap((chain) => chain.hosts);
  return hosts.flatMap(({ entry, matches, mcp = [] }) =>
    [entry?.access ?? [], [...matches, ...mcp].map(({ access }) => access ?? [])].flat(2),
  );
}

/** Switches the processor's filter on for the entry of a host, and tells it who is asked. */
export function writeEntryFilters({ entry }: VirtualHost, { access }: GatewayModel): JsonObject {
  const metadata =
    entry === undefined
      ? []
      : [
          { key: accessMetadata, value: entry.access },
          ...(entry.isLate ? [{ key: lateMetadata, value: "1" }] : []),
        ];
  const overrides = metadata.length === 0 ? {} : { grpc_initial_metadata: metadata };
  return { ...withProcessor(overrides), ...writeCors(entry && access[entry.access]?.cors) };
}

export function hasEntryCors({ entry }: VirtualHost, { access }: GatewayModel): boolean {
  return entry !== undefined && access[entry.access]?.cors !== undefined;
}

/** The same for a rule's own route, which is reached when the entry has been passed. */
export function writeRuleFilters({ access: key }: RouteMatch, { access }: GatewayModel): JsonObject {
  return { ...withProcessor({}), ...writeCors(key === undefined ? undefined : access[key]?.cors) };
}

/** A route of plain HTTP: the processor is asked with its headers, and with those of the answer where it may change it. */
export function writePlainFilters(
  { access: key }: Pick<RouteMatch, "access">,
  rule: Pick<Rule, "key" | "limits" | "fault" | "overrides" | "maxBufferedBytes" | "compression">,
  { access }: GatewayModel,
): JsonObject {
  const { limits, fault, overrides: replaced, maxBufferedBytes } = rule;
  const hasTraffic = (limits ?? fault ?? replaced ?? maxBufferedBytes) !== undefined;
  const compression = writeCompression(rule);
  if (key === undefined && !hasTraffic)
    return rule.compression === undefined ? {} : { typed_per_filter_config: compression };
  const overrides = {
    processing_mode: {
      request_header_mode: "SEND",
      request_body_mode: maxBufferedBytes === undefined ? "NONE" : "BUFFERED",
      request_trailer_mode: "SKIP",
      response_header_mode: hasTraffic ? "SEND" : "SKIP",
      response_body_mode: "NONE",
      response_trailer_mode: "SKIP",
    },
    grpc_initial_metadata: [
      ...(key === undefined ? [] : [{ key: accessMetadata, value: key }]),
      ...(hasTraffic ? [{ key: ruleMetadata, value: rule.key }] : []),
      { key: plainMetadata, value: "1" },
    ],
  };
  const cors = key === undefined ? undefined : access[key]?.cors;
  return {
    typed_per_filter_config: { ...withProcessor(overrides), ...writeCors(cors), ...compression },
  };
}

/** What an attempt tells the processor of its route. */
export function writeRouteAccess({ access }: RouteMatch): JsonObject {
  return access === undefined ? {} : { [configuredKeys.access]: access };
}

function withProcessor(overrides: JsonObject): JsonObject {
  return {
    [processorFilter]: typed("envoy.config.route.v3.FilterConfig", {
      config: typed("envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute", { overrides }),
    }),
  };
}

function writeCors(cors: Cors | undefined): JsonObject {
  if (cors === undefined) return {};
  const list = (name: string, values: readonly string[]) =>
    values.length === 0 ? {} : { [name]: values.join(", ") };
  const policy = typed("envoy.extensions.filters.http.cors.v3.CorsPolicy", {
    allow_origin_string_match: cors.origins.map(writeTextMatch),
    ...list("allow_methods", cors.methods),
    ...list("allow_headers", cors.requestHeaders),
    ...list("expose_headers", cors.exposedHeaders),
    ...(cors.maxAgeSeconds === undefined ? {} : { max_age: String(cors.maxAgeSeconds) }),
    allow_credentials: cors.hasCredentials,
    forward_not_matching_preflights: false,
  });
  return { [corsFilter]: policy };
}
