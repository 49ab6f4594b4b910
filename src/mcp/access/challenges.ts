import type { McpOauth } from "../../model/mcp.ts";

const wellKnown = "/.well-known/oauth-protected-resource";

/** What `WWW-Authenticate` says to clients of a route with OAuth (RFC 6750, RFC 9728). */
export class Challenges {
  /** No token was sent, which is no error yet. */
  readonly missing: string;
  readonly invalid: string;
  readonly #metadata: string;

  constructor({ resource, scopesSupported }: Pick<McpOauth, "resource" | "scopesSupported">) {
    const { origin, pathname } = new URL(resource);
    this.#metadata = `resource_metadata="${origin}${wellKnown}${pathname.replace(/\/$/, "")}"`;
    // A client must ask for that one by itself.
    const scopes = scopesSupported.filter((scope) => scope !== "offline_access");
    const rest = [this.#metadata, ...(scopes.length === 0 ? [] : [`scope="${scopes.join(" ")}"`])].join(", ");
    this.missing = `Bearer ${rest}`;
    this.invalid = `Bearer error="invalid_token", error_description="The access token is missing or invalid", ${rest}`;
  }

  insufficient(scopes: readonly string[]): string {
    return `Bearer error="insufficient_scope", scope="${scopes.join(" ")}", ${this.#metadata}, error_description="The token is missing required scopes"`;
  }
}

/** Paths of documents that belong to a route's path; the slash at its end means nothing. */
export function documentPaths(path: string): {
  readonly resource: string;
  readonly server: readonly string[];
} {
  const below = path.replace(/\/$/, "");
  return {
    resource: `${wellKnown}${below}`,
    server: [`/.well-known/oauth-authorization-server${below}`, `/.well-known/openid-configuration${below}`],
  };
}
