import type { FetchDocument } from "./key-set.ts";

export type IssuerMetadata = { readonly [name: string]: unknown };

/** Where an issuer's metadata may be, best first: RFC 8414 and OpenID Connect, each before and behind its path. */
function issuerMetadataUrls(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/+$/, "");
  const names = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];
  const inserted = names.map((name) => `${origin}${name}${path}`);
  const appended = names.map((name) => `${origin}${path}${name}`);
  return [...new Set([...inserted, ...appended])];
}

/** An issuer's metadata with all its fields. Throws where there is none, or it is about another issuer. */
export async function fetchIssuerMetadata(
  issuer: string,
  fetchDocument: FetchDocument,
): Promise<IssuerMetadata> {
  let failure: unknown;
  for (const url of issuerMetadataUrls(issuer)) {
    try {
      return readMetadata(await fetchDocument(url), issuer);
    } catch (error) {
      failure = error;
    }
  }
  const reason = failure instanceof Error ? failure.message : String(failure);
  throw new Error(`no metadata of the authorization server: ${reason}`, { cause: failure });
}

function readMetadata(text: string, issuer: string): IssuerMetadata {
  const metadata: unknown = JSON.parse(text);
  if (typeof metadata !== "object" || metadata === null || !("issuer" in metadata)) {
    throw new Error("the document names no issuer");
  }
  if (!isSameIssuer(metadata.issuer, issuer)) throw new Error("the document is about another issuer");
  return metadata as IssuerMetadata;
}

/** A slash at the end means nothing. */
export function isSameIssuer(one: unknown, other: string): boolean {
  return typeof one === "string" && one.replace(/\/$/, "") === other.replace(/\/$/, "");
}
