import type { IrUsage } from "../ir/usage.ts";
import type { ClientRequest, EndpointName, Meter, UpstreamHead } from "../passage.ts";
import type { Stage } from "../stage.ts";
import { bytesOf } from "../wire/testing.ts";

/** What a meter was told. */
export interface Metered {
  usage?: IrUsage;
  model?: string;
  /** Number of the piece, from 0, in which the first content was. */
  firstTokenIn?: number;
  isComplete?: boolean;
  failure?: string;
}

export class RecordingMeter implements Meter {
  readonly metered: Metered = {};
  piece = 0;

  usage(usage: IrUsage): void {
    this.metered.usage = { ...this.metered.usage, ...usage };
  }

  model(name: string): void {
    if (name !== "") this.metered.model = name;
  }

  firstToken(): void {
    this.metered.firstTokenIn ??= this.piece;
  }

  complete(): void {
    this.metered.isComplete = true;
  }

  failed(reason: string): void {
    this.metered.failure = reason;
  }
}

export function requestOf(
  endpoint: EndpointName,
  json: object,
  changes: Partial<ClientRequest> = {},
): ClientRequest {
  return {
    endpoint,
    model: "m",
    isStream: false,
    wantsUsage: true,
    bytes: bytesOf(JSON.stringify(json)),
    json,
    form: undefined,
    contentType: "application/json",
    headers: new Headers(),
    ...changes,
  };
}

export function headOf(status: number, headers: { [name: string]: string }, isEncoded = false): UpstreamHead {
  return { status, headers: new Headers(headers), isEncoded };
}

/** Runs a stage over pieces, and counts them for the meter. */
export function run(
  stage: Stage<Uint8Array, Uint8Array>,
  pieces: readonly Uint8Array[],
  meter?: RecordingMeter,
): { text: string; emitted: number } {
  const sent: string[] = [];
  const decoder = new TextDecoder();
  const emit = (bytes: Uint8Array) => sent.push(decoder.decode(bytes, { stream: true }));
  for (const [i, piece] of pieces.entries()) {
    if (meter !== undefined) meter.piece = i;
    stage.push(piece, emit);
  }
  stage.end(emit, false);
  return { text: sent.join("") + decoder.decode(), emitted: sent.length };
}

export function sse(...events: readonly (object | string)[]): string {
  return events
    .map((event) => `data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`)
    .join("");
}

/** As Anthropic and the responses API write them. */
export function namedSse(...events: readonly { readonly type: string }[]): string {
  return events.map((event) => `event: ${event.type}\n${sse(event)}`).join("");
}
