import type { GatewayModel } from "../../model/gateway.ts";
import type { Secrets } from "../../model/values.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Telemetry } from "../../telemetry/telemetry.ts";
import type { Engine } from "../engine.ts";

export interface EmbeddedOptions {
  readonly model: GatewayModel;
  readonly secrets: Secrets;
  readonly runtime: Runtime;
  readonly log: Logger;
  readonly telemetry: Telemetry;
}

export declare function createEmbeddedEngine(options: EmbeddedOptions): Engine;
