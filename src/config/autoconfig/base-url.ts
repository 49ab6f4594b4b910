import { isIP } from "node:net";
import { ConfigFailure } from "../world.ts";

/** Where an upstream is, as a base URL says it. */
export interface BaseUrl {
  readonly host: string;
  readonly isIp: boolean;
  readonly port: number;
  readonly isTls: boolean;
  /** Path without slashes at its ends, decoded; empty for none. */
  readonly path: string;
  /** Path as written; empty for none. */
  readonly rawPath: string;
  /** Without the question mark. */
  readonly query: string | undefined;
  /** Parts of the URL that mean nothing here and are dropped. */
  readonly dropped: readonly string[];
}

const urlPattern = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/is;
const authorityPattern = /^(?:(.*)@)?(\[[^\]]*\]|[^:@[\]]*)(?::(\d*))?$/s;

/** Reads the URL in a variable. Throws `ConfigFailure`, naming the variable and the value without any password in it. */
export function parseBaseUrl(variable: string, value: string): BaseUrl {
  const text = value.trim();
  const fail = (problem: string) =>
    new ConfigFailure(`${variable}: ${JSON.stringify(withoutUser(text))} ${problem}`);
  const [, scheme = "", authority = "", path = "", query, fragment] = urlPattern.exec(text) ?? [];
  if (scheme === "") throw fail("has no scheme; put http:// or https:// in front");
  const isTls = scheme.toLowerCase() === "https";
  if (!isTls && scheme.toLowerCase() !== "http")
    throw fail(`has the scheme ${JSON.stringify(scheme)}; use http or https`);
  const parts = authorityPattern.exec(authority);
  if (parts === null) throw fail("has something other than a host and a port behind the scheme");
  const [, user, bracketed = "", digits = ""] = parts;
  if (bracketed === "" || bracketed === "[]") throw fail("has no host");
  const { host, isIp } = readHost(bracketed);
  if (host === undefined)
    throw fail(`has the host ${JSON.stringify(bracketed)}, which is neither a name nor an address`);
  const port = digits === "" ? (isTls ? 443 : 80) : Number(digits);
  if (port < 1 || port > 65_535) throw fail(`has the port ${digits}; ports are 1 to 65535`);
  const decoded = decodePath(path);
  if (decoded === undefined) throw fail("has a path with a broken % escape");
  const unused = { "user information": user, "the query": query, "the fragment": fragment };
  const dropped = Object.entries(unused).flatMap(([name, part]) => (part === undefined ? [] : [name]));
  return { host, isIp, port, isTls, path: decoded, rawPath: path, query: query?.slice(1), dropped };
}

/** A password has no place in messages. */
function withoutUser(url: string): string {
  return url.replace(/\/\/[^/?#]*@/, "//[REDACTED]@");
}

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const dnsName = new RegExp(`^${label}(\\.${label})*$`);

function readHost(bracketed: string): { host: string | undefined; isIp: boolean } {
  if (bracketed.startsWith("[")) {
    // The zone of a link-local address is written `%25eth0` in URLs.
    const address = bracketed.slice(1, -1).replace("%25", "%").toLowerCase();
    return { host: isIP(address.replace(/%.*$/, "")) === 6 ? address : undefined, isIp: true };
  }
  const name = bracketed.toLowerCase();
  if (isIP(name) === 4) return { host: name, isIp: true };
  return { host: dnsName.test(name) ? name : undefined, isIp: false };
}

function decodePath(path: string): string | undefined {
  try {
    return decodeURIComponent(path.replace(/^\/+|\/+$/g, ""));
  } catch {
    return undefined;
  }
}
