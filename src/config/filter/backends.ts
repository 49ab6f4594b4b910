import { type AiBackend, type Schema, type SchemaName, schemaNames } from "../../model/ai.ts";
import type { BodyEdit, HeaderEdits } from "../../model/values.ts";
import { isHeaderValue, readBodyPath, readBodyValue, untouchable } from "../compile/edits.ts";
import { printOf } from "../compile/print.ts";
import type { FilterCredential } from "./credentials.ts";
import type { FilterBackend } from "./schema.ts";

/** Takes what an operator should know of a backend. */
export type Notice = (about: string) => void;

/** `undefined`, with a notice, for a backend that no request can be sent to. */
export function compileFilterBackend(
  file: FilterBackend,
  found: FilterCredential | undefined,
  notice: Notice,
): AiBackend | undefined {
  const schema = compileSchema(file.schema);
  if (schema === undefined) {
    notice(`has the unknown schema ${JSON.stringify(file.schema.name)}: requests to it answer 500`);
    return undefined;
  }
  const { backendName, routeName } = namesIn(file.name);
  const parts = {
    backendName,
    routeName,
    schema,
    headers: compileHeaders(file.httpHeaderMutation, found?.inputHeaders ?? [], notice),
    body: compileBody(file.httpBodyMutation, notice),
    ...(file.modelNameOverride === "" ? {} : { modelOverride: file.modelNameOverride }),
  };
  const print = printOf({ name: file.name, ...parts, credential: found?.credential.print });
  const credential = found === undefined ? {} : { credential: found.credential.key };
  return { key: file.name, print, at: 0, ...parts, ...credential };
}

/** `ns/backend/route/ROUTE/rule/I/ref/J`; hand-written names tell what they tell. */
function namesIn(name: string): { readonly backendName: string; readonly routeName: string } {
  const [namespace = "", backend, word, route] = name.split("/");
  return {
    backendName: backend === undefined ? namespace : `${namespace}/${backend}`,
    routeName: word === "route" && route !== undefined ? `${namespace}/${route}` : "",
  };
}

/** The file's prefixes are used as they are: an empty one is none for OpenAI, and `v1` for Anthropic. */
function compileSchema({ name, version, prefix }: FilterBackend["schema"]): Schema | undefined {
  const known = schemaNames.find((other): other is SchemaName => other === name);
  if (known === undefined) return undefined;
  const trimmed = prefix.replace(/^\/+|\/+$/g, "");
  if (known === "OpenAI") return { name: known, prefix: trimmed === "" ? "/" : trimmed };
  if (known === "Anthropic") return { name: known, prefix: trimmed === "" ? "v1" : trimmed };
  return { name: known, ...(version === "" ? {} : { version }) };
}

function compileHeaders(
  mutation: FilterBackend["httpHeaderMutation"],
  inputHeaders: readonly string[],
  notice: Notice,
): HeaderEdits {
  const remove = new Set(inputHeaders);
  const set: [string, string][] = [];
  for (const name of mutation?.remove ?? []) {
    if (!untouchable.test(name.toLowerCase())) remove.add(name.toLowerCase());
  }
  for (const { name, value } of mutation?.set ?? []) {
    if (untouchable.test(name.toLowerCase())) continue;
    if (isHeaderValue(value)) set.push([name.toLowerCase(), value]);
    else notice(`sets header ${JSON.stringify(name)} to what no header can carry; it is left alone`);
  }
  return { remove: [...remove], set, add: [] };
}

function compileBody(mutation: FilterBackend["httpBodyMutation"], notice: Notice): BodyEdit[] {
  const edits: BodyEdit[] = [];
  const steps = (path: string): readonly string[] | undefined => {
    const read = readBodyPath(path);
    if (read.steps === undefined) notice(`edits its body at a path that cannot be: ${read.problem}`);
    return read.steps;
  };
  for (const path of mutation?.remove ?? []) {
    const read = path === "" ? undefined : steps(path);
    if (read !== undefined) edits.push({ op: "remove", path: read });
  }
  for (const { path, value } of mutation?.set ?? []) {
    const read = path === "" ? undefined : steps(path);
    if (read !== undefined) edits.push({ op: "set", path: read, json: readBodyValue(value).text });
  }
  return edits;
}
