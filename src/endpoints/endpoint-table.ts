import { joinPath } from "../dialects/wire/path.ts";
import { failureStatus } from "../model/failure.ts";
import { anthropicEndpoints } from "./anthropic.ts";
import { cohereEndpoints } from "./cohere.ts";
import type { Endpoint, Family, LocalAnswer } from "./endpoint.ts";
import type { ModelsFamily } from "./models.ts";
import { openAiEndpoints } from "./openai.ts";
import { failureWriters } from "./write-failure.ts";

/** Below which path each family is served. */
export interface Mount {
  readonly rootPrefix: string;
  readonly prefixes: { readonly [F in Family]: string };
}

export const defaultMount: Mount = {
  rootPrefix: "/",
  prefixes: { openai: "/", cohere: "/cohere", anthropic: "/anthropic" },
};

/** What a path and a method mean. */
export type Lookup =
  | { readonly type: "endpoint"; readonly endpoint: Endpoint }
  /** `id`: one model is asked for, not the list. */
  | { readonly type: "models"; readonly family: ModelsFamily; readonly id: string | undefined }
  /** `isForeign`: the path is none of ours, and may be somebody else's. */
  | { readonly type: "answer"; readonly answer: LocalAnswer; readonly isForeign?: boolean };

export interface EndpointTable {
  /** Every path that is looked up as it is, without those below the lists of models. */
  readonly paths: readonly string[];
  /** `target`: path and query as the client sent them. */
  lookup(method: string, target: string, requestId: string): Lookup;
}

/**
 * Finds endpoints by exact path, whatever the query and however many slashes lie between segments.
 * Where two families share a prefix the later one wins: OpenAI, Cohere, Anthropic.
 */
export function createEndpointTable(mount: Mount = defaultMount): EndpointTable {
  const table = new Map<string, Endpoint | ModelsFamily>();
  const at = (family: Family, path: string) => joinPath(mount.rootPrefix, mount.prefixes[family], path);
  for (const endpoint of [...openAiEndpoints, ...cohereEndpoints, ...anthropicEndpoints]) {
    table.set(at(endpoint.family, endpoint.path), endpoint);
  }
  for (const family of ["openai", "anthropic"] as const) table.set(at(family, "/v1/models"), family);

  return {
    paths: [...table.keys()],
    lookup(method, target, requestId) {
      const path = pathOf(target);
      const found = table.get(path);
      if (found === undefined) return findModel(table, path, method, target, requestId);
      if (typeof found === "string") {
        if (method === "OPTIONS") return options("GET, HEAD, POST, OPTIONS");
        return { type: "models", family: found, id: undefined };
      }
      if (method === "OPTIONS") return options(bodyMethods);
      if (method === "GET" || method === "HEAD") {
        return notAllowed(found.family, method, path, bodyMethods, requestId);
      }
      return { type: "endpoint", endpoint: found };
    },
  };
}

const bodyMethods = "POST, OPTIONS";
const readMethods = "GET, HEAD, OPTIONS";

function pathOf(target: string): string {
  const query = target.indexOf("?");
  const path = query < 0 ? target : target.slice(0, query);
  return path.includes("//") ? path.replaceAll(/\/{2,}/g, "/") : path;
}

/** A path below the list of models names one of them; ids may hold slashes. */
function findModel(
  table: ReadonlyMap<string, Endpoint | ModelsFamily>,
  path: string,
  method: string,
  target: string,
  requestId: string,
): Lookup {
  const [list = "", id = ""] = splitAfter(path, "/v1/models");
  const family = table.get(list);
  if (typeof family !== "string" || id === "") return unsupported(target);
  if (method === "OPTIONS") return options(readMethods);
  if (method !== "GET" && method !== "HEAD") return notAllowed(family, method, path, readMethods, requestId);
  return { type: "models", family, id: decodeId(id) };
}

function splitAfter(path: string, part: string): [string, string] {
  const end = path.indexOf(`${part}/`) + part.length;
  return end < part.length ? [path, ""] : [path.slice(0, end), path.slice(end + 1)];
}

function decodeId(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

function options(allow: string): Lookup {
  return { type: "answer", answer: { status: 204, headers: [["allow", allow]], body: "" } };
}

function notAllowed(family: Family, method: string, path: string, allow: string, requestId: string): Lookup {
  const code = "method_not_allowed";
  const message = `method ${method} is not allowed for ${path}; use ${allow.slice(0, allow.indexOf(","))}`;
  const answer = failureWriters[family]({ code, status: failureStatus[code], message, requestId });
  return { type: "answer", answer: { ...answer, headers: [...answer.headers, ["allow", allow]] } };
}

/** In plain text, as for every path that no family owns. */
function unsupported(target: string): Lookup {
  const answer: LocalAnswer = {
    status: 404,
    headers: [["content-type", "text/plain"]],
    body: `unsupported path: ${target}`,
    failure: "route_not_found",
  };
  return { type: "answer", answer, isForeign: true };
}
