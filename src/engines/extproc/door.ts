import type { Key } from "../../model/origin.ts";
import type { Call } from "./call.ts";
import { accessMetadata, addressMetadata, lateMetadata, plainMetadata } from "./names.ts";

/** What Envoy's configuration says with a call about who may come in. */
export interface Door {
  /** Key of `GatewayModel.access`; absent: everybody. */
  readonly access?: Key | undefined;
  /** Endpoints wait for their rule. */
  readonly isLate?: boolean;
  /** A route of plain HTTP. */
  readonly isPlain?: boolean;
  /** The client's. */
  readonly address?: string | undefined;
}

export function readDoor(call: Call): Door {
  return {
    access: call.metadata(accessMetadata),
    isLate: call.metadata(lateMetadata) !== undefined,
    isPlain: call.metadata(plainMetadata) !== undefined,
    address: call.metadata(addressMetadata),
  };
}
