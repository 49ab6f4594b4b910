import type { RouteMatch } from "../model/route.ts";
import type { NamedMatch, TextMatch } from "../model/values.ts";

/** `path /v1 and below, x-ai-eg-model = gpt-4o` */
export function describeMatch({
  path,
  method,
  headers,
  model,
  query = [],
  cookies = [],
}: RouteMatch): string {
  const words = [
    ...(path.type === "prefix" && path.value === "/" ? [] : [describePath(path)]),
    ...(method === undefined ? [] : [`method ${method}`]),
    ...model.map((text) => `model ${describeText(text)}`),
    ...headers.map((header) => `header ${describeNamed(header)}`),
    ...query.map((parameter) => `parameter ${describeNamed(parameter)}`),
    ...cookies.map((cookie) => `cookie ${describeNamed(cookie)}`),
  ];
  return words.length === 0 ? "every request" : words.join(", ");
}

function describePath(path: RouteMatch["path"]): string {
  if (path.type === "regex") return `path =~ ${path.pattern}`;
  return path.type === "exact" ? `path = ${path.value}` : `path ${path.value} and below`;
}

function describeNamed({ name, value, isInverted }: NamedMatch): string {
  return `${name} ${isInverted === true ? "not " : ""}${describeText(value)}`;
}

function describeText(match: TextMatch): string {
  if (match.type === "regex") return `=~ ${match.pattern}`;
  return match.type === "exact" ? `= ${match.value}` : `${match.type} ${match.value}`;
}
