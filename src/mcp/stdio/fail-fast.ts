import { asObject } from "../../dialects/wire/json.ts";
import { encodeText } from "../../dialects/wire/text.ts";
import { type BackendConnection, BackendFailure } from "../backends/connection.ts";
import { readServerMessage } from "../rpc/read-message.ts";

/** A program that is fetched when it is first started takes its time. */
const limitMs = 60_000;

/** Whether a server can be spoken to. Rejects with an error that names it and says why not. */
export async function checkStart(
  name: string,
  connection: BackendConnection,
  clientInfo: { readonly name: string; readonly version: string },
): Promise<void> {
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo };
  const message = encodeText(
    JSON.stringify({ jsonrpc: "2.0", id: "aigw-start", method: "initialize", params }),
  );
  const call = { protocolVersion: undefined, headers: [], signal: AbortSignal.timeout(limitMs) };
  try {
    const { sessionId, messages } = await connection.send(message, { ...call, sessionId: undefined });
    const next = await messages.next();
    const answer = next && readServerMessage(next.bytes);
    if (answer?.kind !== "response" || asObject(answer.value["result"]) === undefined) {
      throw new BackendFailure("malformed", "refused to begin");
    }
    if (sessionId !== undefined) await connection.endSession({ ...call, sessionId });
  } catch (error) {
    if (!(error instanceof BackendFailure)) throw error;
    throw new Error(`MCP server ${JSON.stringify(name)} ${error.message}`, { cause: error.cause });
  }
}
