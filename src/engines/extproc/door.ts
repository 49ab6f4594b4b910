import type { Key } from "../../model/origin.ts";
import type { Call } from "./call.ts";
import {
  accessMetadata,
  addressMetadata,
  lateMetadata,
  listenerMetadata,
  plainMetadata,
  ruleMetadata,
} from "./names.ts";

/** What Envoy's configuration says with a call about who may come in. */
export interface Door {
  /** Key of `GatewayModel.access`; absent: everybody. */
  readonly access?: Key | undefined;
  /** Endpoints wait for their rule. */
  readonly isLate?: boolean;
  /** A route of plain HTTP. */
  readonly isPlain?: boolean;
  /** Keys of the listener, and of the rule where that is known from the start and does more than forward. */
  readonly listener?: Key | undefined;
  readonly rule?: Key | undefined;
  /** The client's. */
  readonly address?: string | undefined;
}

export function readDoor(call: Call): Door {
  return {
    access: call.metadata(accessMetadata),
    isLate: call.metadata(lateMetadata) !== undefined,
    isPlain: call.metadata(plainMetadata) !== undefined,
    listener: call.metadata(listenerMetadata),
    rule: call.metadata(ruleMetadata),
    address: call.metadata(addressMetadata),
  };
}
