import type { PathRewrite, Redirect } from "../../model/route.ts";
import { noHeaderEdits } from "../../model/values.ts";
import type { Path } from "../diagnostics.ts";
import { originOf, type Resource } from "../resource.ts";
import {
  type HttpFilter,
  isRouteFilter,
  type PathModifier,
  type RequestRedirect,
} from "../resources/gateway-api/http-filters.ts";
import type { Context } from "./context.ts";
import { readModifier } from "./header-modifier.ts";
import type { HttpChanges } from "./http-changes.ts";
import { applyRouteFilter } from "./route-filters.ts";

/** `prefix`: the only path that the rule takes, where it is one. */
export function compileHttpFilters(
  context: Context,
  route: Resource<"HTTPRoute">,
  path: Path,
  filters: readonly HttpFilter[],
  prefix: string,
): HttpChanges {
  const changes: HttpChanges = {
    requestHeaders: noHeaderEdits,
    responseHeaders: noHeaderEdits,
    cookies: [],
    mirrors: [],
  };
  for (const [index, filter] of filters.entries()) {
    const at = [...path, index];
    const { requestHeaderModifier, responseHeaderModifier, requestRedirect, urlRewrite, extensionRef } =
      filter;
    if (requestHeaderModifier !== undefined)
      changes.requestHeaders = readModifier(
        context,
        route,
        [...at, "requestHeaderModifier"],
        requestHeaderModifier,
      );
    if (responseHeaderModifier !== undefined)
      changes.responseHeaders = readModifier(
        context,
        route,
        [...at, "responseHeaderModifier"],
        responseHeaderModifier,
      );
    if (requestRedirect !== undefined) changes.redirect = readRedirect(requestRedirect, prefix);
    if (urlRewrite?.path !== undefined) changes.path = readPath(urlRewrite.path, prefix);
    if (urlRewrite?.hostname !== undefined) changes.host = { type: "literal", value: urlRewrite.hostname };
    if (filter.requestMirror !== undefined) changes.mirrors.push(index);
    if (extensionRef !== undefined)
      applyExtension(context, route, [...at, "extensionRef"], extensionRef, changes);
  }
  return changes;
}

function applyExtension(
  context: Context,
  route: Resource<"HTTPRoute">,
  path: Path,
  ref: NonNullable<HttpFilter["extensionRef"]>,
  changes: HttpChanges,
): void {
  const { inventory, report } = context;
  if (!isRouteFilter(ref)) {
    const message = `must reference an HTTPRouteFilter of gateway.envoyproxy.io, not ${ref.kind} of ${JSON.stringify(ref.group)}`;
    report.error(originOf(route, path), "wrong-reference", message);
    return;
  }
  const found = inventory.find("HTTPRouteFilter", route.id.namespace, ref.name);
  if (found.type === "missing") {
    const message = `references HTTPRouteFilter "${route.id.namespace}/${ref.name}", which is not in the configuration`;
    report.error(originOf(route, [...path, "name"]), "missing-reference", message);
  }
  if (found.type === "found") applyRouteFilter(context, found.resource, originOf(route, path), changes);
}

function readRedirect(
  { scheme, hostname, port, path, statusCode }: RequestRedirect,
  prefix: string,
): Redirect {
  return {
    type: "redirect",
    ...(scheme === undefined ? {} : { scheme }),
    ...(hostname === undefined ? {} : { host: hostname }),
    ...(port === undefined ? {} : { port }),
    ...(path === undefined ? {} : { path: readPath(path, prefix) }),
    status: statusCode,
  };
}

function readPath(
  { type, replaceFullPath = "", replacePrefixMatch = "" }: PathModifier,
  prefix: string,
): PathRewrite {
  if (type === "ReplaceFullPath") return { type: "full", value: withSlash(replaceFullPath) };
  const to = replacePrefixMatch.replace(/\/+$/, "");
  return { type: "prefix", from: prefix.replace(/\/+$/, ""), to: to === "" ? "" : withSlash(to) };
}

function withSlash(path: string): string {
  return path.startsWith("/") ? path : `/${path}`;
}
