/** An OpenID provider on loopback: it signs tokens, publishes keys, and changes them when told. */
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";

export class IdentityProvider implements AsyncDisposable {
  readonly #server: Bun.Server<undefined>;
  #keys: { readonly kid: string; readonly privateKey: CryptoKey; readonly jwk: object }[] = [];
  /** How often its keys were fetched. */
  fetches = 0;
  /** Keys are answered with 500. */
  isBroken = false;

  constructor() {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: ({ url }) => {
        const { pathname } = new URL(url);
        const { issuer, jwksUri } = this;
        if (pathname === "/keys") {
          this.fetches += 1;
          if (this.isBroken) return new Response("broken", { status: 500 });
          return Response.json({ keys: this.#keys.map(({ jwk }) => jwk) });
        }
        if (pathname === "/.well-known/oauth-authorization-server") {
          return Response.json({ issuer, jwks_uri: jwksUri, x_of_its_own: true });
        }
        return new Response("not found", { status: 404 });
      },
    });
  }

  get issuer(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  get jwksUri(): string {
    return `${this.issuer}/keys`;
  }

  /** Signs with a new key from now on; the ones before are no longer published. */
  async rotate(kid: string): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
    this.#keys = [
      { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: "ES256", use: "sig" } },
    ];
  }

  /** A token for audience `aigw` that is valid for an hour, unless its claims say otherwise. */
  token(claims: JWTPayload = {}, key = this.#keys[0]): Promise<string> {
    if (key === undefined) throw new Error("the provider has no key yet");
    const now = Math.floor(Date.now() / 1000);
    const usual = { iss: this.issuer, aud: "aigw", sub: "alice", iat: now, exp: now + 3600 };
    return new SignJWT({ ...usual, ...claims })
      .setProtectedHeader({ alg: "ES256", kid: key.kid })
      .sign(key.privateKey);
  }

  /** A token that a stranger signed under the name of a published key. */
  async forged(): Promise<string> {
    const { privateKey } = await generateKeyPair("ES256", { extractable: true });
    return this.token({}, { kid: this.#keys[0]?.kid ?? "", privateKey, jwk: {} });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }
}
