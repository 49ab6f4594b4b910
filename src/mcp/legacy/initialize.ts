import { asObject, isObject, type JsonObject } from "../../dialects/wire/json.ts";
import { encodeText } from "../../dialects/wire/text.ts";
import { BackendFailure } from "../backends/connection.ts";
import { editPaths, type PathEdit } from "../json/edit-paths.ts";
import type { PreparedBackend } from "../prepare.ts";
import { RpcError, rpcCodes, writeResult } from "../rpc/errors.ts";
import type { RpcRequest } from "../rpc/read-message.ts";
import type { Visit } from "../server.ts";
import { digestOf } from "../session/sessions.ts";
import type { SessionFacts } from "../session/token.ts";
import { describeFailure } from "../telemetry/observer.ts";
import { capabilitiesFor, mergeCapabilities, mergeInstructions } from "./merge-initialize.ts";
import { initializeId, type OpenedBackend, openBackend } from "./open-backend.ts";
import { isLegacyVersion, latestLegacyVersion } from "./versions.ts";

type Failures = { [backend: string]: string };

/** Begins a session: with all backends that the client may have, at once, and with as many as answer. */
export async function initialize(visit: Visit, message: RpcRequest): Promise<Response> {
  const client = readClient(message.params ?? {});
  visit.observer.clientDeclared(client.capabilities);
  const { route, caller, request } = visit;
  const wanted = route.backends.filter(({ name }) => route.access.selects(name, caller, request));
  if (wanted.length === 0) throw new RpcError(rpcCodes.refused, "access denied", { status: 403 });
  const failures: Failures = {};
  const opened = await openAll(visit, message, client, wanted, failures);
  const failed = Object.keys(failures);
  if (opened.length === 0 || (failed.length > 0 && route.route.failureMode === "closed")) {
    const text = `no session with ${failed.join(", ")}`;
    throw new RpcError(rpcCodes.internal, text, { status: 502, data: { backends: failures } });
  }
  const session = visit.server.sessions.create(route.route.key, factsOf(visit, client, opened));
  const body = writeAnswer(visit, message, client, opened, failures);
  visit.observer.began(session.token);
  const headers = { "content-type": "application/json", "mcp-session-id": session.token };
  return new Response(body as Uint8Array<ArrayBuffer>, { headers });
}

interface Client {
  /** As it asked for it. */
  readonly protocolVersion: string;
  readonly capabilities: JsonObject;
  readonly info: { readonly name: string; readonly version: string };
}

function readClient({ protocolVersion, capabilities, clientInfo }: JsonObject): Client {
  const info = asObject(clientInfo);
  if (typeof protocolVersion !== "string" || !isObject(capabilities) || info === undefined) {
    const message = "initialize needs params with protocolVersion, capabilities and clientInfo";
    throw new RpcError(rpcCodes.invalidParams, message, { status: 400 });
  }
  const { name, version } = info;
  return {
    protocolVersion,
    capabilities,
    info: { name: String(name ?? ""), version: String(version ?? "") },
  };
}

async function openAll(
  visit: Visit,
  message: RpcRequest,
  client: Client,
  wanted: readonly PreparedBackend[],
  failures: Failures,
): Promise<OpenedBackend[]> {
  const { log } = visit.server;
  const results = await Promise.all(
    wanted.map(async (backend) => {
      try {
        const { waitMs } = backend.health;
        if (waitMs > 0) throw new BackendFailure("stopped", "is down");
        return await openBackend(visit, backend, messageFor(visit, message, client, backend));
      } catch (error) {
        if (!(error instanceof BackendFailure)) throw error;
        backend.health.count(error);
        failures[backend.name] = error.message;
        const fields = {
          route: visit.route.route.key,
          backend: backend.name,
          reason: describeFailure(error),
        };
        log.warn("no session could be opened with an MCP server", fields);
        return undefined;
      }
    }),
  );
  return results.filter((opened) => opened !== undefined);
}

/** The client's own message, but for what the gateway negotiates by itself. */
function messageFor(
  { route }: Visit,
  { bytes }: RpcRequest,
  { protocolVersion, capabilities }: Client,
  { connection }: PreparedBackend,
): Uint8Array {
  const isOwn = route.naming === "transparent" && isLegacyVersion(protocolVersion);
  const edits: PathEdit[] = [
    { path: ["id"], json: JSON.stringify(initializeId) },
    {
      path: ["params", "protocolVersion"],
      json: JSON.stringify(isOwn ? protocolVersion : latestLegacyVersion),
    },
  ];
  if (!connection.canAsk) {
    const json = JSON.stringify(capabilitiesFor(capabilities, false));
    edits.push({ path: ["params", "capabilities"], json });
  }
  return editPaths(bytes, edits);
}

function factsOf({ route, caller }: Visit, client: Client, opened: readonly OpenedBackend[]): SessionFacts {
  const now = Date.now();
  const { sessionMs } = route.route.limits;
  return {
    issuedAtMs: now,
    expiresAtMs: sessionMs > 0 ? now + sessionMs : Number.MAX_SAFE_INTEGER,
    protocolVersion: versionFor(client),
    principal: digestOf(caller.principal),
    capabilities: client.capabilities,
    clientInfo: client.info,
    backends: opened.map(({ session }) => session),
  };
}

function versionFor({ protocolVersion }: Client): string {
  return isLegacyVersion(protocolVersion) ? protocolVersion : latestLegacyVersion;
}

function writeAnswer(
  visit: Visit,
  { idText }: RpcRequest,
  client: Client,
  opened: readonly OpenedBackend[],
  failures: Failures,
): Uint8Array {
  const [only] = opened;
  if (visit.route.naming === "transparent" && only !== undefined) {
    return editPaths(only.bytes, [{ path: ["id"], json: idText }]);
  }
  const instructions = mergeInstructions(opened);
  const { name, version } = visit.server;
  const result = {
    protocolVersion: versionFor(client),
    capabilities: mergeCapabilities(opened),
    serverInfo: { name, version },
    ...(instructions === undefined ? {} : { instructions }),
    ...(Object.keys(failures).length === 0 ? {} : { _meta: { "aigw/unavailable": failures } }),
  };
  return encodeText(writeResult(idText, JSON.stringify(result)));
}
