import type { GatewayModel } from "../model/gateway.ts";
import type { Listener } from "../model/listener.ts";
import type { Secrets } from "../model/values.ts";

/** What carries the bytes. Created by the command with all it needs; knows nothing of files and flags. */
export interface Engine {
  readonly name: "embedded" | "envoy";
  /** What decides about requests becomes ready to be asked; absent where it is so from the beginning. */
  prepare?(): Promise<void>;
  /**
   * Binds every listener. Throws `ListenFailure` when one cannot be bound; nothing is left behind then.
   * `signal` fires when there is no use in starting any more: what takes long gives up with the signal's reason.
   */
  start(signal: AbortSignal): Promise<void>;
  /** The ports that are bound, by the listeners' names, in the order of the Gateway. */
  readonly bound: readonly BoundListener[];
  /** The port of an admin server of the engine's own. */
  readonly adminPort?: number | undefined;
  /** Swaps the model: new requests see the new one, those in flight end with the old one. */
  replace(model: GatewayModel, secrets: Secrets): Promise<void>;
  /** No new connections; requests in flight may finish for `graceMs`, then they are cut. */
  stop(graceMs: number): Promise<void>;
}

export interface BoundListener {
  readonly name: string;
  readonly port: number;
}

/** `message` names port, listener and Gateway and says what to do. */
export class ListenFailure extends Error {
  override readonly name = "ListenFailure";
}

/** What a Gateway calls a listener; of several that share a socket the first. */
export function listenerName({ chains, port }: Listener): string {
  return chains.flatMap(({ names }) => names)[0] ?? String(port);
}

/** The sentence for a socket that cannot be had. */
export function explainListen({ gateway }: GatewayModel, listener: Listener, error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const { address, port } = listener;
  const where = `${address}:${port} (listener ${listenerName(listener)} of Gateway ${gateway.namespace}/${gateway.name})`;
  return `cannot bind ${where}: ${listenReason(code, error)}`;
}

function listenReason(code: string, error: unknown): string {
  if (code === "EADDRINUSE") return "address already in use; stop what uses it or change the listener's port";
  if (code === "EACCES" || code === "EPERM") return "permission denied; use a port above 1023";
  return error instanceof Error ? error.message : String(error);
}
