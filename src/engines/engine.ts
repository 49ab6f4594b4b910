import type { GatewayModel } from "../model/gateway.ts";
import type { Secrets } from "../model/values.ts";

/** What carries the bytes. Created by the command with all it needs; knows nothing of files and flags. */
export interface Engine {
  readonly name: "embedded" | "envoy";
  /** Binds every listener. Throws `ListenFailure` when one cannot be bound; nothing is left behind then. */
  start(): Promise<void>;
  /** The ports that are bound, by the listeners' names, in the order of the Gateway. */
  readonly bound: readonly { readonly name: string; readonly port: number }[];
  /** Swaps the model: new requests see the new one, those in flight end with the old one. */
  replace(model: GatewayModel, secrets: Secrets): Promise<void>;
  /** No new connections; requests in flight may finish for `graceMs`, then they are cut. */
  stop(graceMs: number): Promise<void>;
}

/** `message` names port, listener and Gateway and says what to do. */
export class ListenFailure extends Error {
  override readonly name = "ListenFailure";
}
