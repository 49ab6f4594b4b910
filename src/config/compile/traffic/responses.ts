import type { Encoding, Fault, ResponseOverride } from "../../../model/traffic.ts";
import type { NamedMatch } from "../../../model/values.ts";
import { compileTextMatch } from "../../../policy/text-match.ts";
import { parseDurationMs, parseQuantityBytes } from "../../units.ts";
import type { Context } from "../context.ts";
import type { TrafficPolicy, TrafficSpec } from "./traffic-policy.ts";

const encodingOf = { Gzip: "gzip", Brotli: "br", Zstd: "zstd" } as const;

/** What a policy makes of answers, and of requests before they go on. */
export interface RuleTraffic {
  readonly fault?: Fault;
  readonly overrides?: readonly ResponseOverride[];
  readonly compression?: readonly Encoding[];
  readonly maxBufferedBytes?: number;
}

export function compileResponses(context: Context, policy: TrafficPolicy | undefined): RuleTraffic {
  if (policy === undefined) return {};
  const { faultInjection, responseOverride = [], compression, compressor, requestBuffer } = policy.spec;
  const encodings = [...new Set((compression ?? compressor ?? []).map(({ type }) => encodingOf[type]))];
  const limit = requestBuffer === undefined ? undefined : parseQuantityBytes(requestBuffer.limit);
  return {
    ...(faultInjection === undefined ? {} : { fault: compileFault(context, policy, faultInjection) }),
    ...(responseOverride.length === 0
      ? {}
      : { overrides: compileOverrides(context, policy, responseOverride) }),
    ...(encodings.length === 0 ? {} : { compression: encodings }),
    ...(limit === undefined ? {} : { maxBufferedBytes: limit }),
  };
}

function compileFault(
  { report }: Context,
  policy: TrafficPolicy,
  { delay, abort }: NonNullable<TrafficSpec["faultInjection"]>,
): Fault {
  if (abort?.grpcStatus !== undefined) {
    const message = "no AI endpoint speaks gRPC: the fault is left out";
    report.warning(policy.origin(["faultInjection", "abort", "grpcStatus"]), "no-grpc", message, {
      mend: "write httpStatus",
    });
  }
  return {
    at: policy.at(["faultInjection"]),
    ...(delay === undefined
      ? {}
      : { delay: { ms: parseDurationMs(delay.fixedDelay), percent: delay.percentage ?? 100 } }),
    ...(abort?.httpStatus === undefined
      ? {}
      : { abort: { status: abort.httpStatus, percent: abort.percentage ?? 100 } }),
  };
}

type WrittenOverride = NonNullable<TrafficSpec["responseOverride"]>[number];

const sources = { All: "all", Local: "local", Backend: "backend" } as const;

function compileOverrides(
  context: Context,
  policy: TrafficPolicy,
  written: readonly WrittenOverride[],
): ResponseOverride[] {
  return written.map((override, index) => {
    const { match, source = "All" } = override;
    return {
      at: policy.at(["responseOverride", index]),
      source: sources[source],
      statuses: (match.statusCodes ?? []).map(({ value = 0, range }) =>
        range === undefined ? ([value, value] as const) : ([range.start, range.end] as const),
      ),
      headers: (match.responseHeaders ?? []).map(({ name, type, value }, position): NamedMatch => {
        const text =
          type === "Exact"
            ? ({ type: "exact", value } as const)
            : ({ type: "regex", pattern: value } as const);
        try {
          compileTextMatch(text);
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          const origin = policy.origin([
            "responseOverride",
            index,
            "match",
            "responseHeaders",
            position,
            "value",
          ]);
          context.report.error(origin, "invalid-regex", `invalid regular expression: ${reason}`);
        }
        return { name: name.toLowerCase(), value: text };
      }),
      answer: compileAnswer(context, policy, override, index),
    };
  });
}

function compileAnswer(
  context: Context,
  policy: TrafficPolicy,
  { response, redirect }: WrittenOverride,
  index: number,
): ResponseOverride["answer"] {
  if (redirect !== undefined) {
    const { scheme, hostname, port, path, statusCode = 302 } = redirect;
    return {
      type: "redirect",
      status: statusCode,
      ...(scheme === undefined ? {} : { scheme }),
      ...(hostname === undefined ? {} : { host: hostname }),
      ...(port === undefined ? {} : { port }),
      ...(path === undefined ? {} : { path: path.replaceFullPath }),
    };
  }
  const { statusCode, contentType, header } = response ?? {};
  const body = response?.body === undefined ? undefined : readBody(context, policy, response.body, index);
  const edits = [...(header?.set ?? []), ...(header?.add ?? [])];
  return {
    type: "answer",
    headers: edits.map(({ name, value }) => [name.toLowerCase(), value] as const),
    ...(statusCode === undefined ? {} : { status: statusCode }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(body === undefined ? {} : { body }),
  };
}

type WrittenBody = NonNullable<NonNullable<WrittenOverride["response"]>["body"]>;

/** The ConfigMap's `response.body`, else the first of its entries. */
function readBody(
  { inventory, report }: Context,
  policy: TrafficPolicy,
  { inline, valueRef }: WrittenBody,
  index: number,
): string | undefined {
  if (valueRef === undefined) return inline;
  const path = ["responseOverride", index, "response", "body", "valueRef", "name"];
  const { namespace } = policy.source(path).id;
  const found = inventory.find("ConfigMap", namespace, valueRef.name);
  if (found.type === "missing") {
    const message = `references ConfigMap "${namespace}/${valueRef.name}", which is not in the configuration`;
    report.error(policy.origin(path), "missing-reference", message);
  }
  if (found.type !== "found") return undefined;
  const { data } = found.resource.value;
  const body = data["response.body"] ?? Object.values(data)[0];
  if (body === undefined) {
    const message = `ConfigMap ${namespace}/${valueRef.name} has no entry to answer with`;
    report.error(policy.origin(path), "missing-key", message);
  }
  return body;
}
