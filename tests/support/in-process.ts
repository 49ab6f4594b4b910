import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { CredentialSources, isStripped } from "../../src/credentials/index.ts";
import type { AnswerReader, BodyPlan, ClientRequest, Meter, Target } from "../../src/dialects/passage.ts";
import { passageFor } from "../../src/dialects/registry.ts";
import { editJson } from "../../src/dialects/wire/json-edit.ts";
import {
  createEndpointTable,
  describeModel,
  type Family,
  failureWriters,
  type LocalAnswer,
  listModels,
  noRouteMessage,
} from "../../src/endpoints/index.ts";
import type { ModelLists } from "../../src/model/ai.ts";
import { ExchangeFailure } from "../../src/model/failure.ts";
import { asText, BOUNDARY, decompress, describeBody, encodeBody, parseEvents } from "../vectors/bodies.ts";
import type { ClientResponse, Outcome, UpstreamReply, UpstreamRequest, Vector } from "../vectors/vector.ts";
import { type Backend, readBackends, vectorsKey } from "./in-process-config.ts";

/**
 * Plays vectors against endpoints, passages and signers alone: no server, no sockets.
 * What an exchange and an engine add is as simple here as it can be: one attempt a backend until one is no 5xx.
 */

const table = createEndpointTable();
const backends = readBackends();

const lists: ModelLists = {
  all: [...backends.keys()].map((id) => ({
    id,
    ownedBy: "vectors",
    createdAtMs: Date.parse("2025-06-01T00:00:00Z"),
    at: 0,
  })),
  byHost: {},
  unscoped: [],
};

const silentMeter: Meter = {
  usage() {},
  model() {},
  firstToken() {},
  complete() {},
  failed() {},
};

/** `undefined` for a pair that nothing serves. */
export function playInProcess(vector: Vector, meter: Meter = silentMeter): Outcome | undefined {
  const { method, path } = vector.client;
  const found = table.lookup(method, path, "req-1");
  if (found.type === "answer") return local(found.answer);
  if (found.type === "models") {
    const { family, id } = found;
    return local(id === undefined ? listModels(lists, "", family) : describeModel(lists, "", family, id));
  }
  const headers = clientHeaders(vector);
  const bytes = new Uint8Array(encodeBody(vector.client));
  const { endpoint } = found;
  try {
    const request = endpoint.readRequest(bytes, headers.get("content-type") ?? "", headers);
    const refs = backends.get(request.model);
    if (refs === undefined) throw new ExchangeFailure("route_not_found", noRouteMessage);
    return attempts(vector, request, refs, meter);
  } catch (cause) {
    if (!(cause instanceof ExchangeFailure)) throw cause;
    return local(writeFailure(endpoint.family, cause));
  }
}

function writeFailure(family: Family, { code, status, message }: ExchangeFailure): LocalAnswer {
  return failureWriters[family]({ code, status, message, requestId: "req-1" });
}

function clientHeaders(vector: Vector): Headers {
  const headers = new Headers(vector.client.headers);
  if (vector.client.parts) headers.set("content-type", `multipart/form-data; boundary=${BOUNDARY}`);
  return headers;
}

function local({ status, headers, body }: LocalAnswer): Outcome {
  return {
    upstream: null,
    client: describeAnswer(status, new Headers(headers as [string, string][]), Buffer.from(body)),
  };
}

function attempts(vector: Vector, request: ClientRequest, refs: readonly Backend[], meter: Meter) {
  const replies = [vector.upstreamReply].flat();
  const sent: UpstreamRequest[] = [];
  for (const [i, backend] of refs.entries()) {
    const made = attempt(vector, request, backend, replies[i], meter);
    if (made === undefined) return undefined;
    sent.push(made.upstream);
    if (made.client.status < 500 || i === refs.length - 1) {
      return { upstream: sent.length === 1 ? made.upstream : sent, client: made.client };
    }
  }
  return undefined;
}

interface Attempt {
  readonly upstream: UpstreamRequest;
  readonly client: ClientResponse;
}

function attempt(
  vector: Vector,
  request: ClientRequest,
  backend: Backend,
  reply: UpstreamReply | undefined,
  meter: Meter,
): Attempt | undefined {
  const target: Target = { schema: backend.schema, model: backend.modelOverride ?? request.model };
  const passage = passageFor(request.endpoint, backend.schema.name);
  if (passage === undefined) return undefined;
  const sent = passage.request(request, target);
  const headers = new Headers();
  request.headers.forEach((value, name) => {
    headers.set(name, value);
  });
  for (const name of [...sent.remove, ...backend.headers.remove]) headers.delete(name);
  for (const [name, value] of [...sent.set, ...backend.headers.set]) headers.set(name, value);
  const body = backend.body.length > 0 ? editJson(sent.body ?? request.bytes, backend.body) : sent.body;
  sign(request, backend, headers, sent.path, body ?? request.bytes);
  return {
    upstream: describeSent(vector, sent.path, headers, Buffer.from(body ?? request.bytes)),
    client: readReply(reply, passage.answer(request, target, meter)),
  };
}

function sign(
  request: ClientRequest,
  backend: Backend,
  headers: Headers,
  path: string,
  body: Uint8Array,
): void {
  if (backend.credential === undefined) return;
  const signer = new CredentialSources()
    .prepare({ one: backend.credential }, { value: () => vectorsKey })
    .get(backend.credential.key);
  if (signer === undefined) throw new Error("a credential has a signer");
  const unsigned = { method: "POST", path, headers: request.headers, body, upstreamHost: undefined };
  const signature = signer.sign(unsigned);
  if (signature instanceof Promise) throw new Error("a header key needs no waiting");
  for (const name of [...headers.keys()]) if (isStripped(signer.strip, name)) headers.delete(name);
  for (const [name, value] of signature.set) headers.set(name, value);
}

function describeSent(vector: Vector, path: string, headers: Headers, bytes: Buffer): UpstreamRequest {
  const seen = Object.fromEntries(headers);
  const body =
    vector.client.bodyText === undefined
      ? describeBody({ headers: seen, bytes })
      : { bodyText: bytes.toString() };
  if (seen["content-type"]?.startsWith("multipart/"))
    seen["content-type"] = "multipart/form-data; boundary=<any>";
  return { method: vector.client.method, path, headers: seen, ...body };
}

function readReply(reply: UpstreamReply | undefined, reader: AnswerReader): ClientResponse {
  if (reply === undefined) throw new Error("the vector has no reply");
  const headers = new Headers(reply.headers);
  const pieces = piecesOf(reply);
  const encoding = headers.get("content-encoding") ?? undefined;
  const head = { status: reply.status, headers, isEncoded: encoding !== undefined };
  if (reply.status >= 200 && reply.status < 300) {
    const bytes = runPlan(reader.success(head), pieces, encoding, headers);
    return describeAnswer(reply.status, headers, bytes);
  }
  const whole = Buffer.concat(pieces);
  if (whole.length === 0) return describeAnswer(reply.status, headers, whole);
  const replaced = reader.error(head, decode(whole, encoding));
  if (replaced === undefined) return describeAnswer(reply.status, headers, whole);
  headers.set("content-type", replaced.contentType);
  headers.delete("content-encoding");
  return describeAnswer(reply.status, headers, Buffer.from(replaced.body));
}

function piecesOf(reply: UpstreamReply): Buffer[] {
  if (reply.chunks) return reply.chunks.map((chunk) => Buffer.from(chunk));
  if (reply.chunksBase64) return reply.chunksBase64.map((chunk) => Buffer.from(chunk, "base64"));
  return [encodeBody(reply)];
}

function decode(bytes: Buffer, encoding: string | undefined): Buffer {
  if (encoding === "gzip") return gunzipSync(bytes);
  return encoding === "br" ? brotliDecompressSync(bytes) : bytes;
}

function runPlan(plan: BodyPlan, pieces: Buffer[], encoding: string | undefined, headers: Headers): Buffer {
  const whole = Buffer.concat(pieces);
  const plain = encoding === undefined ? pieces : [decode(whole, encoding)];
  switch (plan.type) {
    case "pass":
      return whole;
    case "whole":
      return Buffer.from(plan.read(decode(whole, encoding))?.body ?? whole);
    case "tap": {
      const emit = () => {
        throw new Error("a tap emitted something");
      };
      for (const piece of plain) plan.stage.push(piece, emit);
      plan.stage.end(emit, false);
      return whole;
    }
    case "rewrite": {
      const sent: Uint8Array[] = [];
      for (const piece of plain) plan.stage.push(piece, (bytes) => sent.push(bytes));
      plan.stage.end((bytes) => sent.push(bytes), false);
      for (const name of plan.remove) headers.delete(name);
      for (const [name, value] of plan.set) headers.set(name, value);
      return Buffer.concat(sent);
    }
  }
}

function describeAnswer(status: number, headers: Headers, bytes: Buffer): ClientResponse {
  const seen = Object.fromEntries(headers);
  const plain = decompress(bytes, seen["content-encoding"]);
  const text = asText(plain);
  if (seen["content-type"]?.startsWith("text/event-stream") && text !== undefined) {
    return { status, headers: seen, events: parseEvents(text) };
  }
  return { status, headers: seen, ...describeBody({ headers: seen, bytes: plain }) };
}
