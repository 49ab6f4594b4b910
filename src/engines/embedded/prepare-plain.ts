import type { Forward, HostRewrite, Rule } from "../../model/route.ts";
import { compileRegex } from "../../policy/regex.ts";
import { compilePathRewrite, compileRedirect } from "../../policy/rewrite.ts";
import type { UpstreamEndpoint } from "./upstream.ts";

/** What a rule of plain HTTP does, ready to be done. */
export type PreparedPlain =
  | {
      readonly type: "forward";
      readonly forward: Forward;
      readonly path: PathMaker;
      readonly host: HostMaker;
      readonly mirrors: readonly PreparedMirror[];
    }
  | {
      readonly type: "redirect";
      readonly status: number;
      location: ReturnType<typeof compileRedirect>;
    }
  | { readonly type: "answer"; readonly answer: Extract<Rule["action"], { type: "answer" }>["answer"] };

/** Of a path without its query. */
export type PathMaker = (path: string) => string;

/** The Host header of an upstream; `undefined` is the endpoint's own name. */
export type HostMaker = (request: { readonly headers: Headers; readonly path: string }) => string | undefined;

export interface PreparedMirror {
  readonly endpoints: readonly UpstreamEndpoint[];
  readonly percent: number;
}

export function preparePlain(
  { action }: Rule,
  upstreams: ReadonlyMap<string, readonly UpstreamEndpoint[]>,
): PreparedPlain {
  switch (action.type) {
    case "answer":
      return { type: "answer", answer: action.answer };
    case "redirect":
      return { type: "redirect", status: action.status, location: compileRedirect(action) };
    case "forward":
      return {
        type: "forward",
        forward: action,
        path: action.path === undefined ? (path) => path : compilePathRewrite(action.path),
        host: compileHost(action.host),
        mirrors: (action.mirrors ?? []).flatMap(({ backend, percent }) => {
          const endpoints = upstreams.get(backend);
          return endpoints === undefined ? [] : [{ endpoints, percent }];
        }),
      };
  }
}

export function compileHost(rewrite: HostRewrite): HostMaker {
  switch (rewrite.type) {
    case "keep":
      return ({ headers }) => headers.get("host") ?? "";
    case "backend":
      return () => undefined;
    case "literal":
      return () => rewrite.value;
    case "header":
      // Without the header, or with an empty one, the client's own stays.
      return ({ headers }) => headers.get(rewrite.name) || headers.get("host") || "";
    case "regex": {
      const regex = compileRegex(rewrite.pattern);
      return ({ path }) => regex.replaceAll(path, rewrite.replacement);
    }
  }
}
