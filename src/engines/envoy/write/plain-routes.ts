import type { GatewayModel } from "../../../model/gateway.ts";
import type { Listener } from "../../../model/listener.ts";
import type { BackendRef, Forward, HostRewrite, PathRewrite, Redirect, Rule } from "../../../model/route.ts";
import type { HeaderEdits } from "../../../model/values.ts";
import { clientPathHeader, exchangeIdHeader, modelHeader } from "../names.ts";
import { mirrorClusterName } from "./clusters.ts";
import type { JsonObject } from "./proto.ts";

/** A route of plain HTTP: all of it but its match. */
export function writePlain(
  rule: Rule,
  listener: Listener,
  forward: (action: Forward) => JsonObject,
): JsonObject {
  const { action, requestHeaders, responseHeaders } = rule;
  switch (action.type) {
    case "redirect":
      return { redirect: writeRedirect(action, listener.port), ...writeEdits("response", responseHeaders) };
    case "answer": {
      const { status, headers, body } = action.answer;
      const own = writeEdits("response", { remove: [], set: [], add: headers });
      return {
        direct_response: { status, ...(body === "" ? {} : { body: { inline_string: body } }) },
        ...mergeEdits(own, writeEdits("response", responseHeaders)),
      };
    }
    case "forward":
      return {
        route: {
          ...forward(action),
          ...(action.path === undefined ? {} : { regex_rewrite: writeRewrite(action.path) }),
          ...writeMirrors(rule, action),
          upgrade_configs: [{ upgrade_type: "websocket" }],
        },
        ...mergeEdits(
          { request_headers_to_remove: [modelHeader, exchangeIdHeader, clientPathHeader] },
          writeEdits("request", requestHeaders),
        ),
        ...writeEdits("response", responseHeaders),
      };
  }
}

/** A reference that has a cluster for itself, among the clusters of its rule. */
export function writeRefCluster(name: string, ref: BackendRef): JsonObject {
  return {
    name,
    weight: ref.weight,
    ...writeEdits("request", ref.requestHeaders),
    ...writeEdits("response", ref.responseHeaders),
    ...(ref.host?.type === "literal" ? { host_rewrite_literal: ref.host.value } : {}),
  };
}

const usualAnswerBytes = 4096;

/** Envoy refuses answers of a rule's own above a limit. */
export function writeAnswerLimit({ rules }: GatewayModel): JsonObject {
  const sizes = Object.values(rules).map(({ action }) =>
    action.type === "answer" ? Buffer.byteLength(action.answer.body) : 0,
  );
  const largest = Math.max(usualAnswerBytes, ...sizes);
  return largest > usualAnswerBytes ? { max_direct_response_body_size_bytes: largest } : {};
}

export function writeHostRewrite(host: HostRewrite): JsonObject {
  const tells = { append_x_forwarded_host: host.type !== "keep" && host.isSilent !== true };
  switch (host.type) {
    case "keep":
      return {};
    case "backend":
      return { auto_host_rewrite: true, ...tells };
    case "literal":
      return { host_rewrite_literal: host.value, ...tells };
    case "header":
      return { host_rewrite_header: host.name, ...tells };
    case "regex":
      return {
        host_rewrite_path_regex: { pattern: { regex: host.pattern }, substitution: host.replacement },
        ...tells,
      };
  }
}

/** Of the path alone: the query stays. */
function writeRewrite(path: PathRewrite): JsonObject {
  switch (path.type) {
    case "full":
      return { pattern: { regex: "^/.*$" }, substitution: literal(path.value) };
    case "prefix": {
      const from = escapeRegex(path.from);
      return path.to === ""
        ? { pattern: { regex: `^${from}/*` }, substitution: "/" }
        : { pattern: { regex: `^${from}` }, substitution: literal(path.to) };
    }
    case "regex":
      return { pattern: { regex: path.pattern }, substitution: path.replacement };
  }
}

function escapeRegex(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** A text that is put in as it is. */
function literal(text: string): string {
  return text.replaceAll("\\", "\\\\");
}

const redirectCodes = {
  301: "MOVED_PERMANENTLY",
  302: "FOUND",
  303: "SEE_OTHER",
  307: "TEMPORARY_REDIRECT",
  308: "PERMANENT_REDIRECT",
} as const;

const usualPorts = { http: 80, https: 443 } as const;

/** Envoy leaves out no port that it is given, so usual ones are given only where the client's would stay. */
function writeRedirect({ scheme, host, port, path, status }: Redirect, listenerPort: number): JsonObject {
  const usual = usualPorts[scheme ?? "http"];
  const implied = scheme === undefined ? (host === undefined ? undefined : listenerPort) : usual;
  const wanted = port ?? implied;
  const isGiven = wanted !== undefined && (wanted !== usual || host === undefined);
  return {
    ...(scheme === undefined ? {} : { scheme_redirect: scheme }),
    ...(host === undefined ? {} : { host_redirect: host }),
    ...(isGiven ? { port_redirect: wanted } : {}),
    ...(path === undefined ? {} : writePathRedirect(path)),
    response_code: redirectCodes[status],
  };
}

function writePathRedirect(path: PathRewrite): JsonObject {
  return path.type === "full" ? { path_redirect: path.value } : { regex_rewrite: writeRewrite(path) };
}

function writeMirrors(rule: Rule, { mirrors = [] }: Forward): JsonObject {
  if (mirrors.length === 0) return {};
  return {
    request_mirror_policies: mirrors.map(({ percent }, index) => ({
      cluster: mirrorClusterName(rule, index),
      runtime_fraction: {
        default_value: { numerator: Math.round(percent * 10_000), denominator: "MILLION" },
      },
    })),
  };
}

function writeEdits(direction: "request" | "response", edits: HeaderEdits | undefined): JsonObject {
  if (edits === undefined) return {};
  const { remove, set, add } = edits;
  const written = [
    ...set.map(([key, value]) => writeHeader(key, value, "OVERWRITE_IF_EXISTS_OR_ADD")),
    ...add.map(([key, value]) => writeHeader(key, value, "APPEND_IF_EXISTS_OR_ADD")),
  ];
  return {
    ...(remove.length === 0 ? {} : { [`${direction}_headers_to_remove`]: remove }),
    ...(written.length === 0 ? {} : { [`${direction}_headers_to_add`]: written }),
  };
}

/** Values are formats to Envoy, and texts to whoever wrote them. */
function writeHeader(key: string, value: string, append_action: string): JsonObject {
  return { header: { key, value: value.replaceAll("%", "%%") }, append_action };
}

/** Lists of both, one after the other. */
function mergeEdits(one: JsonObject, other: JsonObject): JsonObject {
  const merged: { [name: string]: JsonObject[string] } = { ...one };
  for (const [name, value] of Object.entries(other)) {
    const earlier = merged[name];
    merged[name] = Array.isArray(earlier) && Array.isArray(value) ? [...earlier, ...value] : value;
  }
  return merged;
}
