import type { GatewayModel } from "../../model/gateway.ts";
import type { Secrets } from "../../model/values.ts";
import type { HeaderAttribute } from "../../policy/header-attributes.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Telemetry } from "../../telemetry/telemetry.ts";

/** What a processor is made of. */
export interface ProcessorOptions {
  readonly socketPath: string;
  /** Variables that credentials of clouds come from. */
  readonly environment: { readonly [name: string]: string | undefined };
  /** Fetches their tokens. */
  readonly runtime: Runtime;
  readonly log: Logger;
  readonly telemetry: Telemetry;
  /** Where counts of limits are kept from one run to the next. */
  readonly stateDirectory: string;
  /** Request headers that access logs show, as dynamic metadata. */
  readonly logAttributes: readonly HeaderAttribute[];
}

/** What decides about requests behind Envoy's ext_proc filters. */
export interface Processor {
  /** Path of the unix socket that it serves on. */
  readonly socketPath: string;
  /** Serves from here on. */
  start(model: GatewayModel, secrets: Secrets): Promise<void>;
  /**
   * New requests see the new model. Attempts that Envoy sends to backends of the one before still find them, by their
   * prints, until the returned function is called.
   */
  replace(model: GatewayModel, secrets: Secrets): Promise<() => void>;
  /** Settles what is in flight and gives the socket up. */
  stop(): Promise<void>;
}
