import { readFileSync } from "node:fs";
import { TelemetryFailure } from "../telemetry-failure.ts";
import { type Environment, readBoolean, readCount, readPairList, readText, readWord } from "./variables.ts";

export type Signal = "traces" | "metrics" | "logs";
export type OtlpProtocol = "grpc" | "http/protobuf" | "http/json";

/** Where and how one signal goes to a collector. */
export interface OtlpSettings {
  readonly signal: Signal;
  readonly protocol: OtlpProtocol;
  /** Of HTTP with the signal's path; of gRPC `http(s)://host:port`. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: { readonly [name: string]: string };
  /** Of one export, repetitions included. */
  readonly timeoutMs: number;
  readonly isGzipped: boolean;
  readonly tls: OtlpTls | undefined;
}

/** PEM texts. */
export interface OtlpTls {
  readonly ca?: string;
  readonly key?: string;
  readonly cert?: string;
}

const protocols = ["grpc", "http/protobuf", "http/json"] as const;

/** The endpoint's variable that is set for a signal, its own before the general one. */
export function otlpEndpointVariable(environment: Environment, signal: Signal): string | undefined {
  return namesOf(signal, "ENDPOINT").find((name) => readText(environment, name) !== undefined);
}

/**
 * Reads the `OTEL_EXPORTER_OTLP_*` variables of one signal; those of the signal win over the general ones.
 * Throws `TelemetryFailure`, naming the variable, for what cannot be followed, files that cannot be read among it.
 *
 * @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/, read 2026-11
 */
export function readOtlpSettings(environment: Environment, signal: Signal): OtlpSettings {
  const first = <T>(what: string, read: (name: string) => T | undefined): T | undefined => {
    for (const name of namesOf(signal, what)) {
      const value = read(name);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  const protocol =
    first("PROTOCOL", (name) => readWord(environment, name, protocols)) ?? ("http/protobuf" as const);
  const headers = first("HEADERS", (name) => readPairList(environment, name)) ?? [];
  const isInsecure =
    first("INSECURE", (name) =>
      readText(environment, name) === undefined ? undefined : readBoolean(environment, name),
    ) ?? false;
  const file = (what: string) => first(what, (name) => readPem(environment, name));
  const tls = present({ ca: file("CERTIFICATE"), key: file("CLIENT_KEY"), cert: file("CLIENT_CERTIFICATE") });
  return {
    signal,
    protocol,
    url: readUrl(environment, signal, protocol, isInsecure),
    headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value])),
    timeoutMs: first("TIMEOUT", (name) => readCount(environment, name)) ?? 10_000,
    isGzipped:
      first("COMPRESSION", (name) => readWord(environment, name, ["gzip", "none"] as const)) === "gzip",
    tls: Object.keys(tls).length === 0 ? undefined : tls,
  };
}

function namesOf(signal: Signal, what: string): readonly [own: string, general: string] {
  return [`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${what}`, `OTEL_EXPORTER_OTLP_${what}`];
}

function present(tls: { readonly [N in keyof OtlpTls]: string | undefined }): OtlpTls {
  return Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
}

function readUrl(
  environment: Environment,
  signal: Signal,
  protocol: OtlpProtocol,
  isInsecure: boolean,
): string {
  const [own] = namesOf(signal, "ENDPOINT");
  const name = otlpEndpointVariable(environment, signal);
  const text = name === undefined ? undefined : readText(environment, name);
  // Access logs have always gone without TLS to an endpoint without a scheme.
  if (protocol === "grpc")
    return grpcUrl(name, text ?? "http://localhost:4317", isInsecure || signal === "logs");
  const url = parseUrl(name, text ?? "http://localhost:4318");
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new TelemetryFailure(`${name}: the scheme must be http or https`);
  // The signal's own endpoint is used as it is, the general one is a base.
  if (name !== own) url.pathname = `${url.pathname.replace(/\/$/, "")}/v1/${signal}`;
  return url.href;
}

function grpcUrl(name: string | undefined, text: string, isInsecure: boolean): string {
  const hasScheme = /^https?:\/\//i.test(text);
  const { protocol, host } = parseUrl(name, hasScheme ? text : `${isInsecure ? "http" : "https"}://${text}`);
  return `${protocol}//${host}`;
}

function parseUrl(name: string | undefined, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.host === "")
    throw new TelemetryFailure(`${name}: ${JSON.stringify(text)} is not a URL such as http://localhost:4318`);
  return url;
}

function readPem(environment: Environment, name: string): string | undefined {
  const path = readText(environment, name);
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new TelemetryFailure(`${name}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
