import process from "node:process";

export interface TokenRequest {
  readonly method: "GET" | "POST" | "PUT";
  readonly headers: { readonly [name: string]: string };
  readonly body?: string;
  readonly signal: AbortSignal;
  /** URL of an HTTP proxy, instead of the one that the environment names. */
  readonly proxy?: string | undefined;
}

/** What is worth a line in the log; neither is ever given a secret. */
export interface CredentialLog {
  /** A credential was had from its source. */
  obtained(credential: string, fields: { readonly source: string; readonly expiresAt: string }): void;
  /** It could not be had; requests go on with the one before for as long as that lasts. */
  failed(credential: string, reason: string): void;
}

/** Everything outside this process that credentials come from. */
export interface CredentialWorld {
  readonly environment: { readonly [name: string]: string | undefined };
  readonly log: CredentialLog;
  fetch(url: string, request: TokenRequest): Promise<Response>;
  nowMs(): number;
  /** In [0, 1). */
  random(): number;
}

const silent: CredentialLog = { obtained() {}, failed() {} };

/** This process, with `parts` of it replaced. */
export function credentialWorld(parts: Partial<CredentialWorld> = {}): CredentialWorld {
  return {
    environment: process.env,
    log: silent,
    fetch: (url, { method, headers, body, signal }) =>
      fetch(url, { method, headers, body: body ?? null, signal, redirect: "manual" }),
    nowMs: Date.now,
    random: Math.random,
    ...parts,
  };
}

/** A variable's value; `undefined` also where it is empty. */
export function variable({ environment }: CredentialWorld, name: string): string | undefined {
  const value = environment[name];
  return value === "" ? undefined : value;
}
