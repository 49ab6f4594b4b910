import { describe, expect, test } from "bun:test";
import { ExchangeFailure } from "../../model/failure.ts";
import type { IrError } from "../ir/error.ts";
import type { ClientRequest } from "../passage.ts";
import { readError, readErrorInStream } from "./errors.ts";
import { reword } from "./refuse.ts";

const google = (error: unknown) => JSON.stringify({ error });
const violation = {
  "@type": "type.googleapis.com/google.rpc.BadRequest",
  fieldViolations: [{ field: "contents[0].parts" }],
};
const retry = { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "1.5s" };

const bodies: { name: string; status: number; text: string; want: Partial<IrError> }[] = [
  {
    name: "Google's object",
    status: 400,
    text: google({ code: 400, message: "Bad.", status: "INVALID_ARGUMENT" }),
    want: { kind: "invalid-request", status: 400, type: "INVALID_ARGUMENT", message: "Bad." },
  },
  {
    name: "details, and the member that they name",
    status: 400,
    text: google({ message: "Bad.", status: "INVALID_ARGUMENT", details: [violation] }),
    want: { message: `Error: Bad.\nDetails: ${JSON.stringify([violation])}`, param: "contents[0].parts" },
  },
  {
    name: "long details as nothing",
    status: 400,
    text: google({ message: "Bad.", status: "INVALID_ARGUMENT", details: [{ note: "x".repeat(3000) }] }),
    want: { message: "Bad.", param: undefined },
  },
  {
    name: "how long to wait",
    status: 429,
    text: google({ message: "Slow.", status: "RESOURCE_EXHAUSTED", details: [retry] }),
    want: { kind: "rate-limit", retryAfterMs: 1500 },
  },
  {
    name: "a list of one, as streams answer",
    status: 503,
    text: `[${google({ message: "Busy.", status: "UNAVAILABLE" })}]`,
    want: { kind: "overloaded", type: "UNAVAILABLE", message: "Busy." },
  },
  {
    name: "an HTML page",
    status: 502,
    text: "<h1>Bad gateway</h1>",
    want: { kind: "upstream", type: "GCPVertexAIBackendError", message: "<h1>Bad gateway</h1>" },
  },
  {
    name: "JSON of another shape",
    status: 401,
    text: '{"detail":"No."}',
    want: { kind: "authentication", type: "GCPVertexAIBackendError", message: '{"detail":"No."}' },
  },
];

const objects: { name: string; error: { [member: string]: string | number }; want: Partial<IrError> }[] = [
  {
    name: "word and code",
    error: { code: 503, message: "Busy.", status: "UNAVAILABLE" },
    want: { kind: "overloaded", status: 503 },
  },
  {
    name: "a word alone",
    error: { status: "DEADLINE_EXCEEDED", message: "Late." },
    want: { kind: "timeout", status: 504 },
  },
  {
    name: "a code alone",
    error: { code: 403, message: "No." },
    want: { kind: "permission", status: 403, type: "GCPVertexAIBackendError" },
  },
  {
    name: "nothing known",
    error: { note: "?" },
    want: { kind: "upstream", status: 500, message: '{"note":"?"}' },
  },
];

describe("readError", () => {
  test.each(bodies)("reads $name", ({ status, text, want }) => {
    expect(readError({ status, headers: new Headers(), text })).toMatchObject(want);
  });
});

describe("readErrorInStream", () => {
  test.each(objects)("reads $name", ({ error, want }) =>
    expect(readErrorInStream(error)).toMatchObject(want),
  );
});

const places: [string, string][] = [
  ['tool_choice: "sometimes" is not known', "invalid tool configs"],
  ["tools[0].function: is required", "invalid tools"],
  ["response_format.json_schema.schema: must be an object", "invalid generation configs"],
  ["messages[1].content[0].type: is not known", "invalid assistant message"],
  ["messages[9]: is not known", "invalid user message"],
];

describe("reword", () => {
  const json = { messages: [{ role: "user" }, { role: "assistant" }] };
  test.each(places)("puts the place before %j", (found, place) => {
    const failure = new ExchangeFailure("untranslatable", `invalid request body: ${found}`);
    const reworded = reword(failure, { json } as Pick<ClientRequest, "json"> as ClientRequest);
    expect(reworded.message).toBe(`${place}: invalid request body: ${found}`);
    expect(reworded.code).toBe("untranslatable");
  });
});
