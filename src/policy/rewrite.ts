import type { PathRewrite, Redirect } from "../model/route.ts";
import { compileRegex } from "./regex.ts";

/** Makes the path of an upstream, without the query, of a client's. */
export function compilePathRewrite(rewrite: PathRewrite): (path: string) => string {
  switch (rewrite.type) {
    case "full":
      return () => rewrite.value;
    case "prefix":
      return (path) => `${rewrite.to}${path.slice(rewrite.from.length)}` || "/";
    case "regex": {
      const regex = compileRegex(rewrite.pattern);
      return (path) => regex.replaceAll(path, rewrite.replacement);
    }
  }
}

/** The request that is sent elsewhere, as far as its new address depends on it. */
export interface RedirectedRequest {
  readonly scheme: string;
  /** As the client sent it, mostly with a port. */
  readonly host: string;
  readonly path: string;
  /** With its `?`, or empty. */
  readonly query: string;
  readonly listenerPort: number;
}

const usualPorts: { readonly [scheme: string]: number } = { http: 80, https: 443 };

/**
 * Makes `location` values. A port that is not given is the usual one of a scheme that is, else the listener's where the
 * host is given, else the client's. A port that its scheme has anyway is left out.
 */
export function compileRedirect({
  scheme,
  host,
  path,
  port,
}: Omit<Redirect, "type" | "status">): (request: RedirectedRequest) => string {
  const rewrite = path === undefined ? undefined : compilePathRewrite(path);
  return (request) => {
    const [name, ownPort] = splitHost(request.host);
    const newScheme = scheme ?? request.scheme;
    const { listenerPort } = request;
    const implied = scheme === undefined ? (host === undefined ? ownPort : listenerPort) : usualPorts[scheme];
    const newPort = port ?? implied;
    const isUsual = newPort === undefined || newPort === usualPorts[newScheme];
    const authority = `${host ?? name}${isUsual ? "" : `:${newPort}`}`;
    return `${newScheme}://${authority}${rewrite?.(request.path) ?? request.path}${request.query}`;
  };
}

function splitHost(host: string): [name: string, port: number | undefined] {
  const [, name = host, port] = /^(.*?)(?::(\d+))?$/.exec(host) ?? [];
  return [name, port === undefined ? undefined : Number(port)];
}
