import type { McpOauth } from "../../model/mcp.ts";
import { fetchIssuerMetadata, type IssuerMetadata } from "../../policy/access/issuer-metadata.ts";
import type { FetchDocument } from "../../policy/access/key-set.ts";
import { documentPaths } from "./challenges.ts";

/** Inspectors that run in browsers read these from everywhere. */
export const documentCors = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET",
  "access-control-allow-headers": "mcp-protocol-version",
} as const;

/** How long the authorization server's own metadata may be used again. */
const cacheMs = 300_000;

/** Documents by which clients of a route find out whom to ask for a token. */
export class OauthDocuments {
  readonly paths: readonly string[];
  readonly #resourcePath: readonly string[];
  readonly #resource: object;
  readonly #issuer: string;
  readonly #fetchDocument: FetchDocument;
  #metadata: { readonly at: number; readonly value: Promise<IssuerMetadata> } | undefined;

  /** `isAlone`: no other route has any, so that clients which look at the root find these. */
  constructor(path: string, oauth: McpOauth, fetchDocument: FetchDocument, isAlone: boolean) {
    const own = documentPaths(path);
    const root = isAlone ? documentPaths("/") : { resource: own.resource, server: [] };
    this.#resourcePath = [own.resource, root.resource];
    this.paths = [...new Set([own.resource, root.resource, ...own.server, ...root.server])];
    this.#resource = describeResource(oauth);
    this.#issuer = oauth.issuer;
    this.#fetchDocument = fetchDocument;
  }

  async answer(path: string, { method }: Request): Promise<Response> {
    if (method === "OPTIONS") return new Response(null, { status: 204, headers: documentCors });
    if (method !== "GET" && method !== "HEAD") {
      return new Response(null, { status: 405, headers: { allow: "GET, HEAD, OPTIONS" } });
    }
    if (this.#resourcePath.includes(path)) return json(200, this.#resource);
    if (!this.paths.includes(path)) return new Response(null, { status: 404 });
    try {
      return json(200, await this.#issuerMetadata());
    } catch {
      // Endpoints that were guessed would send users to places that do not exist.
      const error = "temporarily_unavailable";
      return json(502, { error, error_description: "the authorization server cannot be asked" });
    }
  }

  #issuerMetadata(): Promise<IssuerMetadata> {
    const now = performance.now();
    if (this.#metadata === undefined || now - this.#metadata.at >= cacheMs) {
      const value = fetchIssuerMetadata(this.#issuer, this.#fetchDocument);
      this.#metadata = { at: now, value };
      value.catch(() => {
        this.#metadata = undefined;
      });
    }
    return this.#metadata.value;
  }
}

function describeResource(oauth: McpOauth): object {
  const { resource, issuer, resourceName, scopesSupported, signingAlgorithms, documentation, policyUri } =
    oauth;
  return {
    resource,
    authorization_servers: [issuer],
    bearer_methods_supported: ["header"],
    ...(resourceName === undefined ? {} : { resource_name: resourceName }),
    ...(scopesSupported.length === 0 ? {} : { scopes_supported: scopesSupported }),
    ...(signingAlgorithms.length === 0 ? {} : { resource_signing_alg_values_supported: signingAlgorithms }),
    ...(documentation === undefined ? {} : { resource_documentation: documentation }),
    ...(policyUri === undefined ? {} : { resource_policy_uri: policyUri }),
  };
}

function json(status: number, body: object): Response {
  return Response.json(body, { status, headers: documentCors });
}
