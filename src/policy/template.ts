import type { Template } from "../model/values.ts";
import { compileTimeFormat } from "./time-format.ts";

/** What stands in the parentheses behind an operator. */
type ArgumentForm = "none" | "header" | "metadata" | "optional time format";

/** The command operators that access-log formats may use, as in Envoy's `%NAME(arguments):length%`. */
export const templateOperators = {
  BYTES_RECEIVED: "none",
  BYTES_SENT: "none",
  CONNECTION_TERMINATION_DETAILS: "none",
  DOWNSTREAM_LOCAL_ADDRESS: "none",
  DOWNSTREAM_REMOTE_ADDRESS: "none",
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: "none",
  DURATION: "none",
  DYNAMIC_METADATA: "metadata",
  PROTOCOL: "none",
  REQ: "header",
  REQUESTED_SERVER_NAME: "none",
  RESP: "header",
  RESPONSE_CODE: "none",
  RESPONSE_CODE_DETAILS: "none",
  RESPONSE_FLAGS: "none",
  ROUTE_NAME: "none",
  START_TIME: "optional time format",
  UPSTREAM_CLUSTER: "none",
  UPSTREAM_HOST: "none",
  UPSTREAM_LOCAL_ADDRESS: "none",
  UPSTREAM_REQUEST_ATTEMPT_COUNT: "none",
  UPSTREAM_TRANSPORT_FAILURE_REASON: "none",
} as const satisfies { readonly [operator: string]: ArgumentForm };

export type TemplateOperator = keyof typeof templateOperators;

export function isTemplateOperator(name: string): name is TemplateOperator {
  return Object.hasOwn(templateOperators, name);
}

/** `%NAME%`, `%NAME(arguments)%`, either with `:length` before the closing sign. */
const command = /%([A-Z0-9_]+)(?:\(([^)]*)\))?(?::(\d+))?%/y;

/**
 * Takes a format string apart; `%%` is a percent sign.
 *
 * Header names come out lower-case, `REQ(X?Y)` as two arguments, `DYNAMIC_METADATA(ns:a:b)` as three.
 * Throws an `Error` that names the operator, its position and what would be right.
 */
export function parseTemplate(text: string): Template {
  const parts: Template[number][] = [];
  let literal = "";
  for (let at = 0; at < text.length; ) {
    const next = text.indexOf("%", at);
    literal += text.slice(at, next < 0 ? undefined : next);
    if (next < 0) break;
    if (text[next + 1] === "%") {
      literal += "%";
      at = next + 2;
      continue;
    }
    if (literal !== "") parts.push(literal);
    literal = "";
    command.lastIndex = next;
    const match = command.exec(text);
    if (match === null)
      throw new Error(`no operator at character ${next + 1} of "${text}"; write %% for a percent sign`);
    parts.push(readCommand(match, next));
    at = command.lastIndex;
  }
  if (literal !== "") parts.push(literal);
  return parts;
}

function readCommand(match: RegExpExecArray, index: number): Exclude<Template[number], string> {
  const [whole, operator = "", argument, length] = match;
  const place = `${whole} at character ${index + 1}`;
  if (!isTemplateOperator(operator)) {
    const known = Object.keys(templateOperators).join(", ");
    throw new Error(`unknown operator ${place}; known are ${known}`);
  }
  const read = {
    operator,
    arguments: readArguments(templateOperators[operator], argument, place),
  };
  if (length === undefined) return read;
  const maxLength = Number(length);
  if (maxLength === 0)
    throw new Error(`length 0 of ${place} leaves nothing; leave it out or write 1 or more`);
  return { ...read, maxLength };
}

function readArguments(form: ArgumentForm, argument: string | undefined, place: string): readonly string[] {
  switch (form) {
    case "none":
      if (argument !== undefined) throw new Error(`${place} takes no argument`);
      return [];
    case "header":
      return readHeaderNames(argument ?? "", place);
    case "metadata":
      return readMetadataKeys(argument ?? "", place);
    case "optional time format":
      if (argument === undefined || argument === "") return [];
      compileTimeFormat(argument);
      return [argument];
  }
}

function readHeaderNames(argument: string, place: string): readonly string[] {
  const names = argument.toLowerCase().split("?");
  if (names.length > 2) throw new Error(`${place} has more than one alternative header`);
  for (const name of names) {
    if (!/^:?[!#$%&'*+\-.^_`|~\w]+$/.test(name)) throw new Error(`"${name}" in ${place} is no header name`);
  }
  return names;
}

function readMetadataKeys(argument: string, place: string): readonly string[] {
  const keys = argument.split(":");
  if (keys.length < 2 || keys.includes("")) {
    throw new Error(
      `${place} needs a namespace and a key, as in DYNAMIC_METADATA(io.envoy.ai_gateway:route_name)`,
    );
  }
  return keys;
}
