/** What clients do wrong, and what they are told: the right status, in the shape that their SDK reads. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { onEachEngine } from "../support/engines.ts";
import type { Gateway } from "../support/gateway.ts";
import { chatBody, type ErrorBody, families, post, startLimitMs, startWith } from "../support/start.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";

const maxBytes = 100 * 1024;
interface Case {
  readonly name: string;
  readonly body: (schema: string) => object | string;
  readonly headers?: Record<string, string>;
  readonly method?: string;
  readonly status: number;
  readonly message: RegExp;
}

const form = `--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nx\r\n--b--\r\n`;

const cases: readonly Case[] = [
  { name: "JSON that breaks off", body: () => '{"model": "x", ', status: 400, message: /malformed request/ },
  { name: "JSON that is no object", body: () => "[1, 2]", status: 400, message: /malformed request/ },
  { name: "no body", body: () => "", status: 400, message: /malformed request|model/ },
  { name: "text that is no JSON", body: () => "hello", status: 400, message: /malformed request/ },
  {
    name: "a missing model",
    body: () => ({ ...chatBody("x"), model: undefined }),
    status: 400,
    message: /model/,
  },
  { name: "an empty model", body: () => chatBody(""), status: 400, message: /model/ },
  {
    name: "a model of the wrong type",
    body: () => ({ ...chatBody("x"), model: 7 }),
    status: 400,
    message: /model/,
  },
  {
    name: "messages of the wrong type",
    body: (schema) => ({ ...chatBody(schema), messages: "hello" }),
    status: 400,
    message: /malformed request/,
  },
  {
    name: "an unknown model",
    body: () => chatBody("nobody-has-this"),
    status: 404,
    message: /No matching route found/,
  },
  {
    name: "a form where JSON belongs",
    body: () => form,
    headers: { "content-type": "multipart/form-data; boundary=b" },
    status: 400,
    message: /multipart/,
  },
  {
    name: "a body above the limit",
    body: (schema) => chatBody(schema, { user: "x".repeat(maxBytes) }),
    status: 413,
    message: /\S/,
  },
];

onEachEngine((engine) => {
  let upstream: Upstream;
  let gateway: Gateway;

  beforeAll(async () => {
    upstream = startUpstream({ ok: true });
    const backends = families.map(({ schema }) => ({ name: schema, schema, url: upstream.url }));
    gateway = await startWith(backends, { bufferLimit: "100Ki" }, { engine });
  }, startLimitMs);
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    upstream?.[Symbol.dispose]();
  });

  describe.each(families)("a client of $family", ({ path, schema, errorType }) => {
    test.each(cases)("is told of $name", async ({ body, headers, status, message }) => {
      const calls = upstream.seen.length;
      const answer = await post(gateway, path, body(schema), headers ? { headers } : {});
      expect(answer.status).toBe(status);
      expect(answer.headers.get("content-type")).toContain("application/json");
      const told = (await answer.json()) as ErrorBody;
      expect(errorType(told), JSON.stringify(told)).toBe(true);
      expect(String(told.error?.message)).toMatch(message);
      expect(upstream.seen.length).toBe(calls);
    });

    test("may send a body up to the limit", async () => {
      const envelope = JSON.stringify(chatBody(schema, { user: "" })).length;
      const answer = await post(gateway, path, chatBody(schema, { user: "x".repeat(maxBytes - envelope) }));
      expect(answer.status).toBe(200);
    });

    test("is told when it asks with GET", async () => {
      const answer = await fetch(gateway.url + path);
      expect(answer.status).toBe(405);
      expect(errorType((await answer.json()) as ErrorBody)).toBe(true);
    });

    test("may write the path with a query", async () => {
      const answer = await post(gateway, `${path}?beta=true`, chatBody(schema));
      expect(answer.status).toBe(200);
    });
  });

  test("an unknown path is 404, and says which", async () => {
    const answer = await post(gateway, "/v1/nothing-here?x=1", {});
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain("unsupported path: /v1/nothing-here");
  });

  test("JSON where a form belongs is told so", async () => {
    const answer = await post(gateway, "/v1/audio/transcriptions", { model: "OpenAI" });
    expect(answer.status).toBe(400);
    const body = (await answer.json()) as ErrorBody;
    expect(body.error?.message).toContain(
      "expected multipart/form-data content type for /v1/audio/transcriptions",
    );
  });

  test("a form without its file is told so", async () => {
    const init = { headers: { "content-type": "multipart/form-data; boundary=b" } };
    const answer = await post(gateway, "/v1/audio/transcriptions", form.replace("x\r\n", "OpenAI\r\n"), init);
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as ErrorBody).error?.message).toContain("missing required field 'file'");
  });

  test("requests after all that are answered", async () => {
    const answer = await post(gateway, "/v1/chat/completions", chatBody("OpenAI"));
    expect([answer.status, await answer.json()]).toEqual([200, { ok: true }]);
  });
});
