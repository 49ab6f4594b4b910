import { asObject, type JsonObject } from "../../dialects/wire/json.ts";
import { encodeText } from "../../dialects/wire/text.ts";
import { openLate } from "../legacy/call-backend.ts";
import { type Introduction, mergeCapabilities, mergeInstructions } from "../legacy/merge-initialize.ts";
import type { PreparedBackend } from "../prepare.ts";
import { RpcError, writeResult } from "../rpc/errors.ts";
import type { RpcRequest } from "../rpc/read-message.ts";
import type { Visit } from "../server.ts";
import { capability } from "../session/capabilities.ts";
import { capabilitiesKey, metaOf, modernVersions, serverInfoKey } from "./era.ts";

/** Who the gateway is, and what its backends can together: the bytes of the answer. */
export async function discover(visit: Visit, message: RpcRequest): Promise<Uint8Array> {
  const { route, caller, request, server } = visit;
  const wanted = route.backends.filter(({ name }) => route.access.selects(name, caller, request));
  const results = await Promise.allSettled(wanted.map((backend) => introduce(visit, message, backend)));
  const known = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failed = results.flatMap((result, index) => {
    if (result.status === "fulfilled") return [];
    const reason: unknown = result.reason;
    return [[wanted[index]?.name ?? "", reason instanceof RpcError ? reason.message : "failed"] as const];
  });
  const instructions = mergeInstructions(known);
  const result = {
    resultType: "complete",
    supportedVersions: modernVersions,
    capabilities: mergeCapabilities(known),
    ...(instructions === undefined ? {} : { instructions }),
    ttlMs: 0,
    cacheScope: "private",
    _meta: {
      [serverInfoKey]: { name: server.name, version: server.version },
      ...(failed.length === 0 ? {} : { "aigw/unavailable": Object.fromEntries(failed) }),
    },
  };
  return encodeText(writeResult(message.idText, JSON.stringify(result)));
}

async function introduce(visit: Visit, message: RpcRequest, backend: PreparedBackend): Promise<Introduction> {
  const session = { name: backend.name };
  const discovered = await backend.era.find(visit, backend);
  if (discovered !== undefined) return { session, result: discovered };
  const pooled = visit.server.pool.visit(visit, asObject(metaOf(message)[capabilitiesKey]) ?? {});
  const own = pooled.session.backend(backend.name) ?? (await openLate(pooled, backend));
  return { session, result: { capabilities: capabilitiesOf(own.capabilities) } };
}

/** Without what this era does by other means: levels of logs come with requests, subscriptions with a stream. */
function capabilitiesOf(bits: number): JsonObject {
  const has = (bit: number) => (bits & bit) !== 0;
  return {
    ...(has(capability.tools) ? { tools: { listChanged: true } } : {}),
    ...(has(capability.prompts) ? { prompts: { listChanged: true } } : {}),
    ...(has(capability.resources)
      ? {
          resources: {
            listChanged: true,
            ...(has(capability.resourcesSubscribe) ? { subscribe: true } : {}),
          },
        }
      : {}),
    ...(has(capability.completions) ? { completions: {} } : {}),
    ...(has(capability.logging) ? { logging: {} } : {}),
  };
}
