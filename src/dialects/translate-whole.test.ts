import { describe, expect, test } from "bun:test";
import { ExchangeFailure } from "../model/failure.ts";
import type { IrUsage } from "./ir/usage.ts";
import type { Meter } from "./passage.ts";
import { bytesOf, clientRequest } from "./testing.ts";
import { translateWhole, type WholeBackend, type WholeClient } from "./translate-whole.ts";

let reads = 0;
const client: WholeClient<string, number> = {
  readRequest: ({ model }) => `${model}${++reads}`,
  writeResponse: (answer, question, model) => `${question} ${answer} ${model}`,
  usageOf: (answer) => ({ inputTokens: answer }),
  writeError: ({ message }) => `sorry: ${message}`,
};
const backend: WholeBackend<string, number> = {
  writeRequest: (question, { model }) => ({
    path: `/${model}`,
    set: [["x-a", "1"]],
    remove: ["x-b"],
    body: question,
    warnings: [],
  }),
  readResponse: ({ text }) => JSON.parse(text),
  readError: ({ status, text }) =>
    text === "as is" ? undefined : { kind: "upstream", status, type: "t", message: text },
};

const target = { schema: { name: "AWSBedrock" }, model: "big" } as const;
const passage = translateWhole(client, backend);
const head = { status: 200, headers: new Headers(), isEncoded: false };

function meterInto(usages: IrUsage[]): Meter {
  return {
    usage: (usage) => usages.push(usage),
    model() {},
    firstToken() {},
    complete() {},
    failed() {},
  };
}

describe("translateWhole", () => {
  test("reads a request once for all its attempts", () => {
    const request = clientRequest("embeddings", { model: "m" });
    const [first, second] = [passage.request(request, target), passage.request(request, target)];
    expect(first).toEqual(second);
    expect(first).toMatchObject({
      path: "/big",
      set: [
        ["content-type", "application/json"],
        ["x-a", "1"],
      ],
    });
    expect(new TextDecoder().decode(first.body)).toMatch(/^m\d+$/);
  });

  test("holds the answer until it is whole, counts and writes it", () => {
    const usages: IrUsage[] = [];
    const request = clientRequest("embeddings", { model: "m" });
    const plan = passage.answer(request, target, meterInto(usages)).success(head);
    if (plan.type !== "whole") throw new Error("not whole");
    const replacement = plan.read(bytesOf("7"));
    expect(new TextDecoder().decode(replacement?.body)).toMatch(/^m\d+ 7 big$/);
    expect(usages).toEqual([{ inputTokens: 7 }]);
    expect(() => plan.read(bytesOf("oops"))).toThrow(ExchangeFailure);
  });

  test("writes errors in the client's words, or lets them pass", () => {
    const reader = passage.answer(clientRequest("embeddings", { model: "m" }), target, meterInto([]));
    const failed = { ...head, status: 500 };
    expect(reader.error(failed, bytesOf("as is"))).toBeUndefined();
    const replacement = reader.error(failed, bytesOf("broken"));
    expect(new TextDecoder().decode(replacement?.body)).toBe("sorry: broken");
  });
});
