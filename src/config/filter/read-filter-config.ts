import { parseDocument } from "yaml";
import type { AiBackend, Cost, Costs, Counter, ListedModel, ModelLists } from "../../model/ai.ts";
import type { Credential } from "../../model/credential.ts";
import { deepFreeze } from "../../model/freeze.ts";
import type { ExchangeModel } from "../../model/gateway.ts";
import type { Secrets } from "../../model/values.ts";
import { compileCount } from "../../policy/cel.ts";
import { formatPath } from "../diagnostics.ts";
import { SecretStore } from "../secrets.ts";
import { compileFilterBackend } from "./backends.ts";
import { compileFilterCredential } from "./credentials.ts";
import { FilterConfigFile } from "./schema.ts";

/** A filter configuration, as a control plane writes it, compiled. */
export interface FilterConfig {
  /** Of the control plane that wrote it. */
  readonly version: string;
  readonly uuid: string;
  readonly model: ExchangeModel;
  readonly secrets: Secrets;
  /** What is odd about it but does not keep it from being used. */
  readonly notices: readonly string[];
  readonly hasMcp: boolean;
}

/** `message` names the field; it never quotes a secret. */
export class FilterConfigFailure extends Error {
  override readonly name = "FilterConfigFailure";
}

/** Throws `FilterConfigFailure` for what cannot be used as a whole. */
export function readFilterConfig(text: string): FilterConfig {
  const file = parse(text);
  const notices: string[] = [];
  const secrets = new SecretStore();
  const { aiBackends, credentials } = compileBackends(file, secrets, notices);
  const model: ExchangeModel = {
    aiBackends,
    credentials,
    costs: compileCosts(file),
    models: compileModels(file),
  };
  const { version, uuid } = file;
  const hasMcp = file.mcpConfig !== undefined && file.mcpConfig !== null;
  return { version, uuid, model: deepFreeze(model), secrets, notices, hasMcp };
}

function parse(text: string): FilterConfigFile {
  const document = parseDocument(text, { prettyErrors: true, logLevel: "silent" });
  const [error] = document.errors;
  // The first line says what is wrong and where; those below it quote the file, which holds secrets.
  if (error !== undefined) throw new FilterConfigFailure(error.message.split("\n")[0] ?? "");
  const result = FilterConfigFile.safeParse(toPlain(document) ?? {});
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    ({ path, message }) => `${formatPath(path.map(step))}: ${message}`,
  );
  throw new FilterConfigFailure(problems.join("; "));
}

/** Aliases that lead nowhere, or to more than anybody would write, show only now. */
function toPlain(document: { toJS(): unknown }): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new FilterConfigFailure(messageOf(error));
  }
}

function step(key: PropertyKey): string | number {
  return typeof key === "number" ? key : String(key);
}

function compileBackends(file: FilterConfigFile, secrets: SecretStore, notices: string[]) {
  const aiBackends: { [key: string]: AiBackend } = {};
  const credentials: { [key: string]: Credential } = {};
  for (const [index, backend] of file.backends.entries()) {
    const notice = (about: string) => notices.push(`backend ${backend.name} ${about}`);
    if (Object.hasOwn(aiBackends, backend.name)) notice("is there twice; the later one counts");
    try {
      const found =
        backend.auth === undefined ? undefined : compileFilterCredential(backend.name, backend.auth, secrets);
      if (found?.notice !== undefined) notice(found.notice);
      const compiled = compileFilterBackend(backend, found, notice);
      if (found !== undefined) credentials[found.credential.key] = found.credential;
      if (compiled !== undefined) aiBackends[backend.name] = compiled;
    } catch (error) {
      throw new FilterConfigFailure(`backends[${index}].auth: ${messageOf(error)}`);
    }
  }
  return { aiBackends, credentials };
}

const counters: { readonly [type: string]: Counter } = {
  InputToken: "input",
  CachedInputToken: "cachedInput",
  CacheCreationInputToken: "cacheCreationInput",
  OutputToken: "output",
  ReasoningToken: "reasoning",
  TotalToken: "total",
};

type FileCost = FilterConfigFile["globalLLMRequestCosts"][number];

function compileCosts({ globalLLMRequestCosts, llmRequestCosts }: FilterConfigFile): Costs {
  const global = globalLLMRequestCosts.map((cost, index) =>
    compileCost(cost, `globalLLMRequestCosts[${index}]`),
  );
  const byRoute: { [route: string]: Cost[] } = {};
  for (const [index, cost] of llmRequestCosts.entries()) {
    const { routeName, backend, model, metadataKey } = cost;
    if (routeName === "") {
      throw new FilterConfigFailure(
        `route-scoped LLMRequestCost with metadataKey=${JSON.stringify(metadataKey)} must have non-empty RouteName`,
      );
    }
    const compiled = compileCost(cost, `llmRequestCosts[${index}]`);
    byRoute[routeName] ??= [];
    byRoute[routeName].push({
      ...compiled,
      ...(backend === "" ? {} : { backend }),
      ...(model === "" ? {} : { model }),
    });
  }
  return { global, byRoute };
}

function compileCost({ metadataKey, type, cel }: FileCost, place: string): Cost {
  if (type === "CEL") {
    try {
      compileCount(cel);
    } catch (error) {
      throw new FilterConfigFailure(`${place}.cel: invalid CEL expression: ${messageOf(error)}`);
    }
    return { at: 0, metadataKey, amount: { source: cel, result: "count" } };
  }
  const amount = Object.hasOwn(counters, type) ? counters[type] : undefined;
  if (amount === undefined)
    throw new FilterConfigFailure(`${place}.type: unknown type ${JSON.stringify(type)}`);
  return { at: 0, metadataKey, amount };
}

function compileModels({ models, modelsByHost, unscopedModels }: FilterConfigFile): ModelLists {
  return {
    all: models.map((model, index) => compileModel(model, `models[${index}]`)),
    byHost: Object.fromEntries(
      Object.entries(modelsByHost).map(([host, list]) => [
        host.toLowerCase(),
        list.map((model, index) => compileModel(model, `modelsByHost[${JSON.stringify(host)}][${index}]`)),
      ]),
    ),
    unscoped: unscopedModels.map((model, index) => compileModel(model, `unscopedModels[${index}]`)),
  };
}

function compileModel(model: FilterConfigFile["models"][number], place: string): ListedModel {
  const { name, ownedBy, createdAt } = model;
  const createdAtMs = createdAt === undefined ? 0 : Date.parse(createdAt);
  if (Number.isNaN(createdAtMs)) throw new FilterConfigFailure(`${place}.createdAt: is no time`);
  return { at: 0, id: name, ownedBy, createdAtMs };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
