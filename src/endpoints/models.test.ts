import { describe, expect, test } from "bun:test";
import type { ListedModel, ModelLists } from "../model/ai.ts";
import { describeModel, listModels, type ModelsFamily } from "./models.ts";

const listed = (id: string): ListedModel => ({ id, ownedBy: "me", createdAtMs: Date.UTC(2025, 5, 1), at: 0 });
const lists: ModelLists = {
  all: [listed("all")],
  byHost: {
    "a.example.com": [listed("a")],
    "*.example.com": [listed("any")],
    "*.b.example.com": [listed("b")],
  },
  unscoped: [listed("unscoped")],
};

const ids = (lists: ModelLists, host: string) =>
  (JSON.parse(listModels(lists, host, "openai").body) as { data: { id: string }[] }).data.map(({ id }) => id);

describe("listModels takes the list", () => {
  test.each([
    ["a.example.com", "a"],
    ["A.Example.COM:1975", "a"],
    ["c.example.com", "any"],
    ["c.b.example.com", "b"],
    ["c.a.example.com", "unscoped"],
    ["example.com", "unscoped"],
    ["localhost:1975", "unscoped"],
    ["[::1]:1975", "unscoped"],
    ["constructor", "unscoped"],
    ["", "all"],
  ])("of host %j: %s", (host, want) => {
    expect(ids(lists, host)).toEqual([want]);
  });

  test("of all models without lists by host", () => {
    expect(ids({ ...lists, byHost: {} }, "a.example.com")).toEqual(["all"]);
  });
});

const answers: { name: string; body: object; family: ModelsFamily; lists: ModelLists }[] = [
  {
    name: "OpenAI's",
    family: "openai",
    lists,
    body: { object: "list", data: [{ id: "all", object: "model", created: 1748736000, owned_by: "me" }] },
  },
  {
    name: "Anthropic's",
    family: "anthropic",
    lists,
    body: {
      data: [{ id: "all", type: "model", display_name: "all", created_at: "2025-06-01T00:00:00Z" }],
      first_id: "all",
      last_id: "all",
      has_more: false,
    },
  },
  {
    name: "an empty one of OpenAI",
    family: "openai",
    lists: { ...lists, all: [] },
    body: { object: "list", data: [] },
  },
  {
    name: "an empty one of Anthropic",
    family: "anthropic",
    lists: { ...lists, all: [] },
    body: { data: [], has_more: false },
  },
];

test.each(answers)("listModels writes $name list", ({ family, lists, body }) => {
  const answer = listModels(lists, "", family);
  expect(answer).toMatchObject({ status: 200, headers: [["content-type", "application/json"]] });
  expect(JSON.parse(answer.body)).toEqual(body);
});

describe("describeModel", () => {
  test("writes one model", () => {
    expect(JSON.parse(describeModel(lists, "", "openai", "all").body)).toMatchObject({
      id: "all",
      object: "model",
    });
    expect(JSON.parse(describeModel(lists, "", "anthropic", "all").body)).toMatchObject({
      id: "all",
      type: "model",
    });
  });

  test("says that a model does not exist, on a host that has not got it too", () => {
    const { status, body } = describeModel(lists, "a.example.com", "openai", "all");
    expect(status).toBe(404);
    expect(JSON.parse(body).error).toMatchObject({
      code: "model_not_found",
      message: "The model 'all' does not exist",
    });
    expect(JSON.parse(describeModel(lists, "", "anthropic", "x").body)).toEqual({
      type: "error",
      error: { type: "not_found_error", message: "The model 'x' does not exist" },
    });
  });
});
