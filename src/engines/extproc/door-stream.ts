import { failureWriters } from "../../endpoints/index.ts";
import { admit } from "../admit.ts";
import type { ProcessingRequest } from "./codec/processing-request.ts";
import type { ProcessingResponse } from "./codec/processing-response.ts";
import type { Door } from "./door.ts";
import { EnvoyVisitor } from "./envoy-visitor.ts";
import { immediate } from "./immediate.ts";
import { internalPrefix } from "./names.ts";
import type { Processor } from "./processor.ts";
import type { Role } from "./role.ts";

/** A route of plain HTTP: one message with the request's headers, and whether it may come in. */
export class DoorStream implements Role {
  readonly #processor: Processor;
  readonly #door: Door;

  constructor(processor: Processor, door: Door) {
    this.#processor = processor;
    this.#door = door;
  }

  async answer({ kind, headers }: ProcessingRequest): Promise<ProcessingResponse> {
    if (kind !== "request-headers") throw new Error(`a route of plain HTTP must not send ${kind}`);
    const forged = headers.take(internalPrefix);
    const visitor = new EnvoyVisitor(headers.get("x-request-id") ?? "", headers, this.#door.address);
    const refused = await admit(visitor, this.#processor.gatekeeper(this.#door.access ?? ""), "openai");
    if (refused !== undefined) return immediate(refused);
    const { remove, set } = visitor.takeChanges();
    return { kind, remove: [...forged, ...remove], set };
  }

  broken(): ProcessingResponse {
    const message = "the gateway failed to handle this request";
    return immediate(failureWriters.openai({ code: "internal", status: 500, message, requestId: "" }));
  }

  ended(): void {}
}
