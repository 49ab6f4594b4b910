/** What tests of this room share. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Credential } from "../model/credential.ts";
import { ExchangeFailure } from "../model/failure.ts";
import type { SecretRef, Secrets } from "../model/values.ts";
import { CredentialSources } from "./credential-sources.ts";
import type { Signer, Unsigned } from "./signer.ts";
import { type CredentialWorld, credentialWorld } from "./world.ts";

export const secretRef: SecretRef = {
  id: "s",
  from: "environment",
  name: "PROVIDER_KEY",
  fingerprint: "",
  at: 0,
};

export function credential(way: Credential["way"], override?: Credential["override"]): Credential {
  return { key: "c", print: "", at: 0, way, ...(override === undefined ? {} : { override }) };
}

/** A signer of its own; `world` is empty unless said otherwise. */
export function prepareSigner(
  given: Credential,
  secrets: Secrets,
  world: Partial<CredentialWorld> = {},
): Signer {
  const sources = new CredentialSources({ environment: {}, ...world });
  const signer = sources.prepare({ [given.key]: given }, secrets).get(given.key);
  if (signer === undefined) throw new Error("a credential has a signer");
  return signer;
}

/** A world with a clock that tests turn, and without chance. */
export class TestWorld implements CredentialWorld {
  readonly environment: { [name: string]: string | undefined };
  readonly lines: string[] = [];
  now: number = Date.parse("2026-01-02T03:04:05Z");
  readonly #random: number;

  constructor(environment: { readonly [name: string]: string | undefined } = {}, random = 0) {
    this.environment = { ...environment };
    this.#random = random;
  }

  readonly log = {
    obtained: (credential: string, { source, expiresAt }: { source: string; expiresAt: string }) => {
      this.lines.push(`${credential} from ${source} until ${expiresAt}`);
    },
    failed: (credential: string, reason: string) => {
      this.lines.push(`${credential} failed: ${reason}`);
    },
  };

  /** Where requests for other machines go instead, by origin. */
  readonly redirects = new Map<string, string>();
  readonly fetch: CredentialWorld["fetch"] = (url, request) => {
    const { origin } = new URL(url);
    const target = this.redirects.get(origin) ?? origin;
    if (!/^http:\/\/(?:127\.0\.0\.1|localhost)(?::|$)/.test(target))
      throw new Error(`a test called ${origin}`);
    return credentialWorld().fetch(target + url.slice(origin.length), request);
  };
  readonly nowMs = (): number => this.now;
  readonly random = (): number => this.#random;
}

export function unsigned(
  headers: { readonly [name: string]: string } = {},
  members: Partial<Unsigned> = {},
): Unsigned {
  return {
    method: "POST",
    path: "/v1/chat/completions",
    headers: new Headers(headers),
    body: new Uint8Array(),
    upstreamHost: undefined,
    ...members,
  };
}

/** The failure that `action` ends with. */
export async function failureOf(action: () => unknown): Promise<ExchangeFailure> {
  try {
    await action();
  } catch (cause) {
    if (cause instanceof ExchangeFailure) return cause;
    throw cause;
  }
  throw new Error("it did not fail");
}

/** A request as a fake got it. */
export interface Seen {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly text: string;
  /** Of a body that is a form. */
  readonly form: { readonly [name: string]: string };
}

type Play = (request: Seen) => Response | object | Promise<Response | object>;

/** An endpoint of tokens on this machine: answers as told, objects as JSON. */
export class FakeEndpoint implements Disposable {
  readonly seen: Seen[] = [];
  play: Play;
  readonly #server: Bun.Server<undefined>;

  constructor(play: Play) {
    this.play = play;
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async (request) => {
        const text = await request.text();
        const form = Object.fromEntries(new URLSearchParams(text));
        const one = {
          method: request.method,
          url: new URL(request.url),
          headers: request.headers,
          text,
          form,
        };
        this.seen.push(one);
        const answer = await this.play(one);
        return answer instanceof Response ? answer : Response.json(answer);
      },
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  get host(): string {
    return `127.0.0.1:${this.#server.port}`;
  }

  /** `POST /path`, one for each request. */
  get calls(): string[] {
    return this.seen.map(({ method, url }) => `${method} ${url.pathname}`);
  }

  [Symbol.dispose](): void {
    void this.#server.stop(true);
  }
}

/** A directory of its own that is gone afterwards. */
export class TestDirectory implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), "aigw-credentials-"));

  write(name: string, text: string, mode = 0o600): string {
    const path = join(this.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode });
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
