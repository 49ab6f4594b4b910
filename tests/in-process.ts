/** Plays golden vectors through passages alone: no sockets, no signing, no edits of the configuration. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type {
  ClientRequest,
  EndpointName,
  Meter,
  Passage,
  PassageTable,
  Replacement,
  Target,
} from "../src/dialects/passage.ts";
import type { Schema } from "../src/model/ai.ts";
import { ExchangeFailure } from "../src/model/failure.ts";
import { decompress, describeBody, encodeBody, parseEvents } from "./vectors/bodies.ts";
import type { ClientResponse, Outcome, UpstreamReply, UpstreamRequest, Vector } from "./vectors/vector.ts";

const vectorsDir = join(import.meta.dirname, "vectors");

/** What the credential of Google puts in front of a path. */
const googlePrefix = "/v1/projects/vectors-project/locations/vectors-region/";

const endpoints: { readonly [path: string]: EndpointName } = {
  "/v1/chat/completions": "chat",
  "/v1/completions": "completions",
  "/v1/embeddings": "embeddings",
  "/v1/responses": "responses",
  "/anthropic/v1/messages": "messages",
  "/anthropic/v1/messages/count_tokens": "count-tokens",
  "/tokenize": "tokenize",
};

export function readVectors(area: string, select: (name: string) => boolean): Vector[] {
  const files = readdirSync(join(vectorsDir, area)).filter((file) => file.endsWith(".json") && select(file));
  return files.sort().map((file) => JSON.parse(readFileSync(join(vectorsDir, area, file), "utf8")) as Vector);
}

interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly schema: Schema;
    readonly rules: readonly {
      readonly matches: readonly { readonly headers: readonly { readonly value: string }[] }[];
      readonly backendRefs: readonly { readonly name: string; readonly modelNameOverride?: string }[];
    }[];
  };
}

/** Where the vectors' configuration sends a model. */
function readTargets(): ReadonlyMap<string, Target> {
  const documents = parseAllDocuments(readFileSync(join(vectorsDir, "config.yaml"), "utf8"));
  const resources = documents.map((document) => document.toJS() as Resource);
  const schemas = new Map(
    resources
      .filter(({ kind }) => kind === "AIServiceBackend")
      .map(({ metadata, spec }) => [metadata.name, spec.schema]),
  );
  const targets = new Map<string, Target>();
  for (const { kind, spec } of resources) {
    for (const { matches, backendRefs } of kind === "AIGatewayRoute" ? spec.rules : []) {
      const schema = schemas.get(backendRefs[0]?.name ?? "");
      for (const model of matches.flatMap(({ headers }) => headers.map(({ value }) => value))) {
        if (schema !== undefined)
          targets.set(model, { schema, model: backendRefs[0]?.modelNameOverride ?? model });
      }
    }
  }
  return targets;
}

const targets = readTargets();

/** `undefined` if no passage of the table serves the vector. */
export function playInProcess(vector: Vector, passages: PassageTable): Outcome | undefined {
  const request = clientRequest(vector);
  const target = targets.get(request.model);
  const passage = target && passages[target.schema.name]?.[request.endpoint];
  if (passage === undefined || target === undefined) return undefined;
  const outcome: Outcome = { upstream: null, client: { status: 0, headers: {} } };
  try {
    outcome.upstream = upstreamRequest(passage, request, target, vector);
    outcome.client = clientResponse(passage, request, target, [vector.upstreamReply].flat()[0]!);
  } catch (error) {
    if (!(error instanceof ExchangeFailure)) throw error;
    outcome.client = failure(error);
  }
  return outcome;
}

function clientRequest({ client }: Vector): ClientRequest {
  const bytes = encodeBody(client);
  const json = JSON.parse(bytes.toString());
  const endpoint = endpoints[client.path.split("?")[0]!] ?? "chat";
  return {
    endpoint,
    model: json.model ?? "",
    isStream: json.stream === true,
    wantsUsage: endpoint === "messages" || json.stream_options?.include_usage === true,
    bytes,
    json,
    form: undefined,
    contentType: "application/json",
    headers: new Headers(client.headers),
  };
}

function upstreamRequest(
  passage: Passage,
  request: ClientRequest,
  target: Target,
  vector: Vector,
): UpstreamRequest {
  const outbound = passage.request(request, target);
  const headers = new Headers(vector.client.headers);
  for (const name of [...outbound.remove, "x-aigw-gcp-access-token"]) headers.delete(name);
  for (const [name, value] of outbound.set) headers.set(name, value);
  if (target.schema.name.startsWith("GCP")) headers.set("authorization", "Bearer vectors-gcp-token");
  const path = outbound.path.startsWith("/") ? outbound.path : googlePrefix + outbound.path;
  const seen = { headers: Object.fromEntries(headers), bytes: Buffer.from(outbound.body ?? request.bytes) };
  const isExact = vector.client.bodyText !== undefined;
  const body = isExact ? { bodyText: seen.bytes.toString() } : describeBody(seen);
  return { method: "POST", path, headers: seen.headers, ...body };
}

const meter: Meter = { usage() {}, model() {}, firstToken() {}, complete() {}, failed() {} };

function clientResponse(
  passage: Passage,
  request: ClientRequest,
  target: Target,
  reply: UpstreamReply,
): ClientResponse {
  const headers = new Headers(reply.headers);
  const encoding = headers.get("content-encoding") ?? undefined;
  const head = { status: reply.status, headers, isEncoded: encoding !== undefined };
  const chunks =
    reply.chunks?.map((chunk) => Buffer.from(chunk)) ??
    reply.chunksBase64?.map((chunk) => Buffer.from(chunk, "base64"));
  const pieces =
    encoding === undefined && chunks
      ? chunks
      : [decompress(chunks ? Buffer.concat(chunks) : encodeBody(reply), encoding)];
  const body = Buffer.concat(pieces);
  const reader = passage.answer(request, target, meter);
  if (reply.status < 200 || reply.status > 299)
    return replaced(reply.status, headers, body, reader.error(head, body));
  const plan = reader.success(head);
  if (plan.type === "whole") return replaced(reply.status, headers, body, plan.read(body));
  if (plan.type !== "rewrite") return described(reply.status, headers, body);
  for (const name of plan.remove) headers.delete(name);
  for (const [name, value] of plan.set) headers.set(name, value);
  headers.delete("content-encoding");
  const out: Uint8Array[] = [];
  for (const piece of pieces) plan.stage.push(piece, (bytes) => out.push(bytes));
  plan.stage.end((bytes) => out.push(bytes), false);
  return described(reply.status, headers, Buffer.concat(out));
}

function replaced(
  status: number,
  headers: Headers,
  body: Buffer,
  replacement: Replacement | undefined,
): ClientResponse {
  if (replacement === undefined) return described(status, headers, body);
  headers.delete("content-encoding");
  headers.set("content-type", replacement.contentType);
  for (const [name, value] of replacement.set ?? []) headers.set(name, value);
  return described(status, headers, Buffer.from(replacement.body));
}

function described(status: number, headers: Headers, bytes: Buffer): ClientResponse {
  const seen = Object.fromEntries(headers);
  if (seen["content-type"]?.startsWith("text/event-stream"))
    return { status, headers: seen, events: parseEvents(bytes.toString()) };
  return { status, headers: seen, ...describeBody({ headers: seen, bytes }) };
}

const words: { readonly [status: number]: string } = {
  400: "BadRequest",
  422: "UnprocessableEntity",
  502: "BadGateway",
};

/** The exchange writes these; here they only have to look like it. */
function failure({ status, message }: ExchangeFailure): ClientResponse {
  const error = { type: words[status] ?? "InternalServerError", code: String(status), message };
  return { status, headers: { "content-type": "application/json" }, body: { type: "error", error } };
}
