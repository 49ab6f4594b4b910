import { asObject, type JsonObject } from "../../dialects/wire/json.ts";

/** What a backend can, as a session remembers it: bits of one number. */
export const capability = {
  tools: 1,
  toolsListChanged: 2,
  prompts: 4,
  promptsListChanged: 8,
  logging: 16,
  resources: 32,
  resourcesListChanged: 64,
  resourcesSubscribe: 128,
  completions: 256,
} as const;

export function readCapabilities(declared: unknown): number {
  const all = asObject(declared) ?? {};
  const group = (name: string): JsonObject | undefined => asObject(all[name]);
  let bits = 0;
  const add = (isThere: boolean, bit: number): void => {
    if (isThere) bits |= bit;
  };
  const { tools, prompts, resources } = {
    tools: group("tools"),
    prompts: group("prompts"),
    resources: group("resources"),
  };
  add(tools !== undefined, capability.tools);
  add(tools?.["listChanged"] === true, capability.toolsListChanged);
  add(prompts !== undefined, capability.prompts);
  add(prompts?.["listChanged"] === true, capability.promptsListChanged);
  add(resources !== undefined, capability.resources);
  add(resources?.["listChanged"] === true, capability.resourcesListChanged);
  add(resources?.["subscribe"] === true, capability.resourcesSubscribe);
  add(group("logging") !== undefined, capability.logging);
  add(group("completions") !== undefined, capability.completions);
  return bits;
}
