import { type BackendConnection, BackendFailure } from "../backends/connection.ts";
import { trySession } from "../backends/try-session.ts";

/** A program that is fetched when it is first started takes its time. */
const limitMs = 60_000;

/** Whether a server can be spoken to. Rejects with an error that names it and says why not. */
export async function checkStart(
  name: string,
  connection: BackendConnection,
  clientInfo: { readonly name: string; readonly version: string },
): Promise<void> {
  try {
    await trySession(connection, clientInfo, { headers: [], signal: AbortSignal.timeout(limitMs) });
  } catch (error) {
    if (!(error instanceof BackendFailure)) throw error;
    throw new Error(`MCP server ${JSON.stringify(name)} ${error.message}`, { cause: error.cause });
  }
}
