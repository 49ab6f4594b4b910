import { asObject } from "../../dialects/wire/json.ts";
import { encodeText } from "../../dialects/wire/text.ts";
import { readServerMessage } from "../rpc/read-message.ts";
import { type BackendCall, type BackendConnection, BackendFailure } from "./connection.ts";

/**
 * Begins a session with a server and ends it again. Resolves with the session's id, if it had one; rejects with
 * `BackendFailure` where none can be had.
 */
export async function trySession(
  connection: BackendConnection,
  clientInfo: { readonly name: string; readonly version: string },
  { headers, signal }: Pick<BackendCall, "headers" | "signal">,
): Promise<string | undefined> {
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo };
  const message = encodeText(
    JSON.stringify({ jsonrpc: "2.0", id: "aigw-try", method: "initialize", params }),
  );
  const call = { sessionId: undefined, protocolVersion: undefined, headers, signal };
  const { sessionId, messages } = await connection.send(message, call);
  const next = await messages.next();
  messages.cancel();
  const answer = next && readServerMessage(next.bytes);
  if (answer?.kind !== "response" || asObject(answer.value["result"]) === undefined) {
    throw new BackendFailure("malformed", "refused to begin");
  }
  if (sessionId !== undefined) await connection.endSession({ ...call, sessionId });
  return sessionId;
}
