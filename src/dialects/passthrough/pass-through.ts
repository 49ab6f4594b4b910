import type {
  AnswerReader,
  BodyPlan,
  ClientRequest,
  Meter,
  Outbound,
  Passage,
  Replacement,
  Target,
  UpstreamHead,
} from "../passage.ts";
import type { OpenEventReader } from "./event-reader.ts";
import { StreamTap } from "./stream-tap.ts";
import { UsageStrike } from "./strike-usage.ts";
import type { ReadWhole } from "./whole-answer.ts";

/** One endpoint at one kind of backend that speaks the client's own API. */
export interface PassThrough {
  /** Throws `ExchangeFailure` (`untranslatable`) where the backend wants what the request has not. */
  path(target: Target): string;
  /** The body where it differs from the client's, and the headers that go with it. */
  edit(request: ClientRequest, target: Target): Edited;
  /** Looks at a whole answer; absent where there is nothing to count. */
  readonly readWhole?: ReadWhole;
  /** Absent where answers do not stream. */
  readonly openEvents?: OpenEventReader;
  /** Whether a usage chunk that the client did not ask for may come and is to be taken out. */
  readonly hasForcedUsage?: boolean;
  /** An error in another shape than the API's own; `undefined`: as it came. */
  wrapError(head: UpstreamHead, body: Uint8Array): Replacement | undefined;
}

export interface Edited {
  readonly body?: Uint8Array;
  readonly set?: readonly (readonly [string, string])[];
}

/** Sends the client's bytes on and gives the upstream's bytes back, looking on from the side. */
export function passThrough(way: PassThrough): Passage {
  return {
    request(request, target): Outbound {
      const { body, set = [] } = way.edit(request, target);
      const path = way.path(target);
      return body === undefined ? { path, set, remove: [] } : { path, set, remove: [], body };
    },
    answer: (request, _target, meter): AnswerReader => ({
      success: (head) => planBody(way, request, head, meter),
      error: (head, body) => way.wrapError(head, body),
    }),
  };
}

function planBody(way: PassThrough, request: ClientRequest, head: UpstreamHead, meter: Meter): BodyPlan {
  const contentType = (head.headers.get("content-type") ?? "").toLowerCase();
  const isJson = /^application\/(?:[^\s;]+\+)?json/.test(contentType);
  const isText = isJson || contentType === "" || contentType.startsWith("text/");
  if (way.openEvents !== undefined && request.isStream && head.status === 200 && isText && !isJson) {
    return planStream(way, way.openEvents, request, head, meter);
  }
  const { readWhole } = way;
  if (readWhole === undefined || !isText || contentType.startsWith("text/event-stream"))
    return { type: "pass" };
  return {
    type: "whole",
    read(body) {
      readQuietly(readWhole, body, meter);
      return undefined;
    },
  };
}

function planStream(
  way: PassThrough,
  openEvents: OpenEventReader,
  request: ClientRequest,
  head: UpstreamHead,
  meter: Meter,
): BodyPlan {
  const reader = openEvents(meter, request);
  // Taking a chunk out of a compressed stream would mean to send it on in another encoding than the client agreed to.
  if (way.hasForcedUsage !== true || request.wantsUsage || head.isEncoded) {
    return { type: "tap", stage: new StreamTap(reader) };
  }
  return { type: "rewrite", stage: new UsageStrike(reader), set: [], remove: [] };
}

/** A good answer goes to the client whether or not it can be read. */
function readQuietly(read: ReadWhole, body: Uint8Array, meter: Meter): void {
  try {
    read(body, meter);
  } catch {
    // Not JSON, or JSON that ends early: nothing is counted.
  }
}
