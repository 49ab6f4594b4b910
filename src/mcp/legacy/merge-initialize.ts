import { asObject, isObject, type JsonObject } from "../../dialects/wire/json.ts";

/** What a backend said of itself when it was first spoken to. */
export interface Introduction {
  readonly session: { readonly name: string };
  readonly result: JsonObject;
}

type Mutable = { [member: string]: unknown };

const maxInstructions = 8 * 1024;
/** Groups that the gateway can change by itself, when servers come and go or a reload shows others. */
const changing = new Set(["tools", "prompts", "resources"]);
/** What the gateway passes from many servers; tasks and extensions want an owner for each id, which is not kept. */
const merged = ["tools", "prompts", "resources", "logging", "completions"];

/** What a client may ask for: whatever any of the servers can. Earlier servers win where there is something to win. */
export function mergeCapabilities(opened: readonly Introduction[]): JsonObject {
  const union: Mutable = {};
  const experimental: Mutable = {};
  for (const { result } of opened) {
    const capabilities = asObject(result["capabilities"]) ?? {};
    for (const name of merged) {
      const group = asObject(capabilities[name]);
      if (group !== undefined) union[name] = mergeGroup(name, asObject(union[name]) ?? {}, group);
    }
    const own = asObject(capabilities["experimental"]) ?? {};
    for (const [name, value] of Object.entries(own)) experimental[name] ??= value;
  }
  if (Object.keys(experimental).length > 0) union["experimental"] = experimental;
  return union;
}

function mergeGroup(name: string, before: JsonObject, group: JsonObject): JsonObject {
  const after: Mutable = { ...before };
  for (const [member, value] of Object.entries(group)) {
    if (value === true || after[member] === undefined) after[member] = value;
  }
  if (changing.has(name)) after["listChanged"] = true;
  return after;
}

/** The instructions of all servers under a heading each; too long ones end with a note. `undefined` without any. */
export function mergeInstructions(opened: readonly Introduction[]): string | undefined {
  const parts = opened.flatMap(({ session, result }) => {
    const { instructions } = result;
    return typeof instructions === "string" && instructions !== ""
      ? [`## ${session.name}\n\n${instructions}`]
      : [];
  });
  if (parts.length === 0) return undefined;
  const text = parts.join("\n\n");
  return text.length <= maxInstructions ? text : `${text.slice(0, maxInstructions)}\n\n[truncated]`;
}

/** What a server may be asked to ask a client for; a server that cannot tell clients apart may ask for nothing. */
export function capabilitiesFor(capabilities: JsonObject, canAsk: boolean): JsonObject {
  if (canAsk || !isObject(capabilities)) return capabilities;
  const { sampling: _sampling, elicitation: _elicitation, roots: _roots, ...rest } = capabilities;
  return rest;
}
