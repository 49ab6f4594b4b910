import type { CredentialWorld } from "../world.ts";

/** The parts of the SDK's request that are looked at. */
interface SdkRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number | undefined;
  readonly path: string;
  readonly query?: { readonly [name: string]: string | readonly string[] | null } | undefined;
  readonly headers: { readonly [name: string]: string };
  readonly body?: unknown;
}

interface SdkResponse {
  readonly statusCode: number;
  readonly headers: { readonly [name: string]: string };
  readonly body: Uint8Array;
}

const timeoutMs = 10_000;

/** Lets the SDK's clients of STS and of the SSO portal use our way out, proxies and certificates included. */
export class SdkHttp {
  readonly #world: CredentialWorld;

  constructor(world: CredentialWorld) {
    this.#world = world;
  }

  async handle(request: SdkRequest): Promise<{ readonly response: SdkResponse }> {
    const { method, headers, body } = request;
    const response = await this.#world.fetch(urlOf(request), {
      method: method as "GET" | "POST" | "PUT",
      headers: { ...headers, "accept-encoding": "identity" },
      ...(typeof body === "string" && { body }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    return {
      response: {
        statusCode: response.status,
        headers: Object.fromEntries(response.headers),
        body: await response.bytes(),
      },
    };
  }

  /** Asked for by the SDK's type; nothing can be set. */
  updateHttpClientConfig(): void {}

  httpHandlerConfigs(): Record<string, never> {
    return {};
  }
}

function urlOf({ protocol, hostname, port, path, query = {} }: SdkRequest): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one ?? ""));
  }
  const text = search.size === 0 ? "" : `?${search}`;
  return `${protocol}//${hostname}${port === undefined ? "" : `:${port}`}${path}${text}`;
}
