/** Helpers for tests of Converse. */
import type { AnswerContext, BackendTarget } from "../dialect.ts";
import type { IrMessage, IrRequest } from "../ir/request.ts";
import { awsEvent, testContext } from "../testing.ts";
import { type ConverseHost, converseHost } from "./host.ts";

export function requestOf(members: Partial<IrRequest> = {}): IrRequest {
  return {
    model: "m",
    isStream: false,
    wantsUsage: true,
    messages: [says("Hi.")],
    tools: [],
    sampling: {},
    extras: {},
    ...members,
  };
}

export function says(text: string): IrMessage {
  return { role: "user", parts: [{ type: "text", text }] };
}

export function targetOf(
  model: string,
  headers: Record<string, string> = {},
  host: ConverseHost = converseHost,
): BackendTarget<ConverseHost> {
  return { schema: { name: "AWSBedrock" }, model, host, headers: new Headers(headers) };
}

export function contextOf(requestModel = "m"): AnswerContext {
  return testContext({ requestModel, answerHeaders: new Headers({ "x-amzn-requestid": "r-1" }) });
}

/** The body of a stream: each event is a frame, its name and its payload. */
export function framesOf(...events: readonly (readonly [name: string, payload: object])[]): Uint8Array {
  const frames = events.map(([name, payload]) => awsEvent(name, payload));
  return new Uint8Array(Buffer.concat(frames));
}
