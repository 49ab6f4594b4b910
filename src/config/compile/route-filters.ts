import type { Origin } from "../../model/origin.ts";
import type { HostRewrite } from "../../model/route.ts";
import { type Answer, noHeaderEdits } from "../../model/values.ts";
import { originOf, type Resource } from "../resource.ts";
import type { DirectResponse } from "../resources/envoy-gateway/http-route-filter.ts";
import type { Context } from "./context.ts";
import { readModifier } from "./header-modifier.ts";
import type { HttpChanges, Injected } from "./http-changes.ts";
import { checkRegex, compileValueMatch } from "./regex.ts";
import { referTo } from "./secret-entry.ts";

type RouteFilter = Resource<"HTTPRouteFilter">;

/** Envoy Gateway's own filter, laid over what Gateway API's filters say. `user`: where it is asked for. */
export function applyRouteFilter(
  context: Context,
  filter: RouteFilter,
  user: Origin,
  changes: HttpChanges,
): void {
  const { urlRewrite, directResponse, credentialInjection, matches } = filter.value.spec;
  if (directResponse !== undefined) changes.answer = readAnswer(context, filter, directResponse);
  if (urlRewrite?.path !== undefined) {
    sayTwice(context, changes.path, user, "path");
    const { pattern, substitution } = urlRewrite.path.replaceRegexMatch;
    checkRegex(context, filter, ["spec", "urlRewrite", "path", "replaceRegexMatch", "pattern"], pattern);
    changes.path = { type: "regex", pattern, replacement: substitution };
  }
  if (urlRewrite?.hostname !== undefined) {
    sayTwice(context, changes.host, user, "hostname");
    changes.host = readHost(context, filter, urlRewrite.hostname, !urlRewrite.appendXForwardedHost);
  }
  if (credentialInjection !== undefined) {
    const injected = readInjected(context, filter, credentialInjection);
    if (injected !== undefined) changes.injected = injected;
  }
  changes.cookies = matches.flatMap(({ cookies }, match) =>
    cookies.map((cookie, index) => ({
      name: cookie.name,
      value: compileValueMatch(context, filter, ["spec", "matches", match, "cookies", index], cookie),
    })),
  );
}

function sayTwice({ report }: Context, earlier: unknown, user: Origin, part: string): void {
  if (earlier === undefined) return;
  const message = `another filter rewrites the ${part} too`;
  report.error(user, "rewrite-conflict", message, { mend: "keep one of them" });
}

function readHost(
  context: Context,
  filter: RouteFilter,
  {
    type,
    header = "",
    pathRegex,
  }: NonNullable<NonNullable<RouteFilter["value"]["spec"]["urlRewrite"]>["hostname"]>,
  isSilent: boolean,
): HostRewrite {
  const silence = isSilent ? { isSilent } : {};
  if (type === "Backend") return { type: "backend", ...silence };
  if (type === "Header" || pathRegex === undefined)
    return { type: "header", name: header.toLowerCase(), ...silence };
  const { pattern, substitution } = pathRegex;
  checkRegex(context, filter, ["spec", "urlRewrite", "hostname", "pathRegex", "pattern"], pattern);
  return { type: "regex", pattern, replacement: substitution, ...silence };
}

function readAnswer(
  context: Context,
  filter: RouteFilter,
  { contentType, body, statusCode, header }: DirectResponse,
): Answer {
  const { set, add } =
    header === undefined
      ? noHeaderEdits
      : readModifier(context, filter, ["spec", "directResponse", "header"], header);
  const type = contentType === undefined ? [] : [["content-type", contentType] as const];
  return { status: statusCode, headers: [...type, ...set, ...add], body: readBody(context, filter, body) };
}

/** The key that is meant for it, else the first that is there. */
function readBody(
  { inventory, entries, report }: Context,
  filter: RouteFilter,
  body: DirectResponse["body"],
): string {
  if (body?.valueRef === undefined) return body?.inline ?? "";
  const { namespace } = filter.id;
  const { name } = body.valueRef;
  const found = inventory.find("ConfigMap", namespace, name);
  const origin = originOf(filter, ["spec", "directResponse", "body", "valueRef", "name"]);
  if (found.type === "missing") {
    const message = `references ConfigMap "${namespace}/${name}", which is not in the configuration`;
    report.error(origin, "missing-reference", message);
  }
  if (found.type !== "found") return "";
  const held = entries.get(found.resource);
  const entry = held?.get("response.body") ?? held?.values().next().value;
  if (entry === undefined) report.error(origin, "missing-key", `ConfigMap ${namespace}/${name} is empty`);
  return entry?.value ?? "";
}

function readInjected(
  context: Context,
  filter: RouteFilter,
  { header, overwrite, credential }: NonNullable<RouteFilter["value"]["spec"]["credentialInjection"]>,
): Injected | undefined {
  const path = ["spec", "credentialInjection", "credential", "valueRef"];
  const value = referTo(context, filter, path, credential.valueRef, ["credential"], true);
  return value && { name: header.toLowerCase(), value, isOverwriting: overwrite };
}
