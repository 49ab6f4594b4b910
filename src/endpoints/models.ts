import type { ListedModel, ModelLists } from "../model/ai.ts";
import { hostName } from "../policy/host.ts";
import type { LocalAnswer } from "./endpoint.ts";

/** Shape of the list: OpenAI's and Anthropic's SDKs read different ones. */
export type ModelsFamily = "openai" | "anthropic";

/** `GET /v1/models`: every model that clients of this host may ask for. `host` may have a port. */
export function listModels(lists: ModelLists, host: string, family: ModelsFamily): LocalAnswer {
  const models = modelsOfHost(lists, host);
  if (family === "openai") return json(200, { object: "list", data: models.map(writeOpenAiModel) });
  const data = models.map(writeAnthropicModel);
  const [first, last] = [data.at(0)?.id, data.at(-1)?.id];
  return json(200, {
    data,
    ...(first === undefined ? {} : { first_id: first, last_id: last }),
    has_more: false,
  });
}

/** `GET /v1/models/{id}`. */
export function describeModel(
  lists: ModelLists,
  host: string,
  family: ModelsFamily,
  id: string,
): LocalAnswer {
  const model = modelsOfHost(lists, host).find((listed) => listed.id === id);
  const message = `The model '${id}' does not exist`;
  if (family === "openai") {
    if (model !== undefined) return json(200, writeOpenAiModel(model));
    const error = { message, type: "invalid_request_error", param: "model", code: "model_not_found" };
    return json(404, { error });
  }
  if (model !== undefined) return json(200, writeAnthropicModel(model));
  return json(404, { type: "error", error: { type: "not_found_error", message } });
}

/**
 * The list of a host: its own, else that of the pattern `*.suffix` where `*` is one label, else the models of routes
 * without host names. Without any list by host, or without a host, all models.
 */
function modelsOfHost(lists: ModelLists, host: string): readonly ListedModel[] {
  const name = hostName(host.trim());
  if (name === "" || Object.keys(lists.byHost).length === 0) return lists.all;
  const dot = name.indexOf(".");
  for (const key of dot < 0 ? [name] : [name, `*${name.slice(dot)}`]) {
    if (Object.hasOwn(lists.byHost, key)) return lists.byHost[key] ?? [];
  }
  return lists.unscoped;
}

function writeOpenAiModel({ id, createdAtMs, ownedBy }: ListedModel) {
  return { id, object: "model", created: Math.floor(createdAtMs / 1000), owned_by: ownedBy };
}

function writeAnthropicModel({ id, createdAtMs }: ListedModel) {
  const createdAt = new Date(createdAtMs).toISOString().replace(/\.\d+Z$/, "Z");
  return { id, type: "model", display_name: id, created_at: createdAt };
}

function json(status: number, body: object): LocalAnswer {
  return { status, headers: [["content-type", "application/json"]], body: JSON.stringify(body) };
}
