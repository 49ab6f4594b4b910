import type { HeaderView } from "../../model/headers.ts";
import type { CelActivation, CelRoot, CelVariable } from "../../policy/cel.ts";
import type { HeaderAttribute } from "../../policy/header-attributes.ts";
import type { RequestRecord } from "../request-record.ts";
import { resolveRequestHeader, resolveResponseHeader, withoutPort } from "./headers.ts";
import { metadataNamespace, resolveMetadata } from "./metadata.ts";

type Attributes = ReadonlyMap<string, CelVariable>;

/** One record as Envoy's attributes, for filters. What is not known is absent, and a filter that asks for it fails. */
export class RecordActivation implements CelActivation {
  readonly #record: RequestRecord;
  readonly #mapped: readonly HeaderAttribute[];

  constructor(record: RequestRecord, mapped: readonly HeaderAttribute[]) {
    this.#record = record;
    this.#mapped = mapped;
  }

  requestHeader(name: string): string | undefined {
    return textOf(resolveRequestHeader(name)(this.#record));
  }

  variable(name: CelRoot): Attributes | undefined {
    const record = this.#record;
    switch (name) {
      case "request":
        return requestAttributes(record);
      case "response":
        return responseAttributes(record);
      case "source":
        return addressAttributes(record.remoteAddress());
      case "destination":
        return addressAttributes(record.downstreamLocalAddress);
      case "upstream":
        return present({
          address: record.upstreamHost,
          transport_failure_reason: record.upstreamFailure,
          request_attempt_count: BigInt(record.settled?.attempts ?? 0),
        });
      case "xds":
        return present({ cluster_name: record.upstreamCluster, route_name: record.routeName });
      case "metadata":
        return new Map([["filter_metadata", new Map([[metadataNamespace, this.#metadata()]])]]);
      default:
        return undefined;
    }
  }

  #metadata(): Attributes {
    return new AskedMap((key) => resolveMetadata(key, this.#mapped)(this.#record));
  }
}

function requestAttributes(record: RequestRecord): Attributes {
  const query = record.path.indexOf("?");
  return present({
    path: record.path,
    url_path: query < 0 ? record.path : record.path.slice(0, query),
    query: query < 0 ? "" : record.path.slice(query + 1),
    host: record.authority,
    method: record.method,
    protocol: record.protocol,
    id: record.requestId,
    useragent: record.requestHeaders.get("user-agent") ?? undefined,
    referer: record.requestHeaders.get("referer") ?? undefined,
    size: BigInt(record.bytesReceived),
    headers: headerMap(record.requestHeaders, (name) => textOf(resolveRequestHeader(name)(record))),
  });
}

function responseAttributes(record: RequestRecord): Attributes {
  return present({
    code: BigInt(record.status),
    code_details: record.responseDetails,
    flags: flagBits(record.responseFlags),
    size: BigInt(record.bytesSent),
    headers: headerMap(record.responseHeaders, (name) => textOf(resolveResponseHeader(name)(record))),
  });
}

function addressAttributes(address: string | undefined): Attributes {
  if (address === undefined) return new Map();
  const host = withoutPort(address);
  const port = address.length > host.length ? /:(\d+)$/.exec(address)?.[1] : undefined;
  return present({ address, port: port === undefined ? undefined : BigInt(port) });
}

/** Envoy's bits of the flags that a record can have. */
const flags: { readonly [flag: string]: bigint } = {
  UH: 2n,
  UT: 4n,
  UF: 32n,
  UC: 64n,
  UO: 128n,
  NR: 256n,
  DC: 16384n,
};

function flagBits(text: string): bigint {
  return text.split(",").reduce((bits, flag) => bits | (flags[flag] ?? 0n), 0n);
}

function present(attributes: { readonly [name: string]: CelVariable | undefined }): Attributes {
  const map = new Map<string, CelVariable>();
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) map.set(name, value);
  return map;
}

function textOf(value: string | number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

/** Names are found in any case. Listing it gives the names that came over the wire. */
function headerMap(headers: HeaderView | undefined, read: (name: string) => string | undefined): Attributes {
  const map = new AskedMap((name) => read(name.toLowerCase()));
  headers?.forEach((_, name) => {
    map.list(name);
  });
  return map;
}

/** A map that computes what it is asked for. */
class AskedMap extends Map<string, CelVariable> {
  readonly #read: (key: string) => CelVariable | undefined;

  constructor(read: (key: string) => CelVariable | undefined) {
    super();
    this.#read = read;
  }

  list(key: string): void {
    const value = this.#read(key);
    if (value !== undefined) this.set(key, value);
  }

  override get(key: string): CelVariable | undefined {
    return this.#read(key);
  }

  override has(key: string): boolean {
    return this.#read(key) !== undefined;
  }
}
