import { createHash, createHmac } from "node:crypto";
import { isHeaderValue, unfitForHeaders } from "../header-value.ts";

/** What AWS knows an account by. `sessionToken` goes with keys that expire. */
export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Throws where keys cannot be sent, for AWS's own have no such characters; `where` is for the message. */
export function sendable(keys: AwsKeys, where: string): AwsKeys {
  const { accessKeyId, sessionToken = "" } = keys;
  if (!isHeaderValue(accessKeyId)) throw new Error(`the access key ID of ${where} ${unfitForHeaders}`);
  if (!isHeaderValue(sessionToken)) throw new Error(`the session token of ${where} ${unfitForHeaders}`);
  return keys;
}

export interface SigningScope {
  readonly region: string;
  readonly service: string;
}

export interface Signable {
  readonly method: string;
  /** Exactly as sent: escaped once, query included. */
  readonly path: string;
  /** Exactly as sent in `Host`. */
  readonly host: string;
  readonly body: Uint8Array;
  /** Signed besides host, date and token: names in lower case, each after `x-amz-` in the alphabet. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
}

const algorithm = "AWS4-HMAC-SHA256";

/**
 * The headers of a signature, version 4. Signed are host, date and session token only, so that edits of other headers
 * on the way do no harm.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function signV4(
  request: Signable,
  keys: AwsKeys,
  { region, service }: SigningScope,
  time: Date,
  signingKeys: SigningKeys,
): [string, string][] {
  const dateTime = time.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const day = dateTime.slice(0, 8);
  const { sessionToken } = keys;
  const signed = signedHeaders(request, sessionToken);
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = `${algorithm}\n${dateTime}\n${scope}\n${sha256(canonicalRequest(request, dateTime, signed, sessionToken))}`;
  const key = signingKeys.derive(keys.secretAccessKey, day, region, service);
  const signature = createHmac("sha256", key).update(toSign).digest("hex");
  const credential = `Credential=${keys.accessKeyId}/${scope}`;
  const headers: [string, string][] = [
    ["authorization", `${algorithm} ${credential}, SignedHeaders=${signed}, Signature=${signature}`],
    ["x-amz-date", dateTime],
  ];
  if (sessionToken !== undefined) headers.push(["x-amz-security-token", sessionToken]);
  return headers;
}

function signedHeaders({ headers = [] }: Signable, sessionToken: string | undefined): string {
  const own = sessionToken === undefined ? "host;x-amz-date" : "host;x-amz-date;x-amz-security-token";
  return [own, ...headers.map(([name]) => name)].join(";");
}

/** What both sides hash. */
export function canonicalRequest(
  { method, path, host, body, headers: more = [] }: Signable,
  dateTime: string,
  signed: string,
  sessionToken: string | undefined,
): string {
  const question = path.indexOf("?");
  const uri = escapeAgain(question < 0 ? path : path.slice(0, question));
  const query = question < 0 ? "" : canonicalQuery(path.slice(question + 1));
  const token = sessionToken === undefined ? "" : `x-amz-security-token:${sessionToken}\n`;
  const others = more.map(([name, value]) => `${name}:${value}\n`).join("");
  const headers = `host:${host}\nx-amz-date:${dateTime}\n${token}${others}`;
  return `${method}\n${uri}\n${query}\n${headers}\n${signed}\n${sha256(body)}`;
}

/** Every service but S3 escapes the path that was sent a second time: a model's `:` becomes `%3A`, `%2F` `%252F`. */
function escapeAgain(path: string): string {
  return path.replace(/[^A-Za-z0-9\-._~/]+/g, escapeUri);
}

function escapeUri(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** By name, then by value; all that is not unreserved escaped, but only once. */
function canonicalQuery(query: string): string {
  return query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const equals = pair.indexOf("=");
      const name = equals < 0 ? pair : pair.slice(0, equals);
      return [escapeOnce(name), escapeOnce(equals < 0 ? "" : pair.slice(equals + 1))] as const;
    })
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

function escapeOnce(text: string): string {
  return text.replace(/%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~]/gu, (part) =>
    part.length === 3 && part.startsWith("%") ? part.toUpperCase() : escapeUri(part),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** The key made last, which serves a day for one account, region and service. */
export class SigningKeys {
  #secret = "";
  #scope = "";
  #key: Uint8Array = new Uint8Array();

  derive(secret: string, day: string, region: string, service: string): Uint8Array {
    const scope = `${day}/${region}/${service}`;
    if (secret === this.#secret && scope === this.#scope) return this.#key;
    let key: Uint8Array = createHmac("sha256", `AWS4${secret}`).update(day).digest();
    for (const part of [region, service, "aws4_request"])
      key = createHmac("sha256", key).update(part).digest();
    this.#secret = secret;
    this.#scope = scope;
    this.#key = key;
    return key;
  }
}
