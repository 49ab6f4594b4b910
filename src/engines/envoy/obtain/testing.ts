/** A place to download from, and archives to put there. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { ObtainOptions } from "./obtain-envoy.ts";
import { platformName } from "./versions-list.ts";

/** One entry of a tar archive, as old as archives get. */
export interface TarFile {
  readonly path: string;
  readonly content?: string | Uint8Array;
  readonly mode?: number;
  /** `0` a file, `5` a directory, `2` a link; what it is by its content if absent. */
  readonly kind?: string;
}

export function tar(files: readonly TarFile[]): Uint8Array {
  const blocks = files.flatMap(({ path, content, mode = 0o755, kind }) => {
    const bytes = Buffer.from(content ?? "");
    const header = Buffer.alloc(512);
    header.write(path, 0, 100);
    header.write(`${mode.toString(8).padStart(7, "0")}\0`, 100);
    header.write(`${bytes.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("        ", 148);
    header.write(kind ?? (content === undefined ? "5" : "0"), 156);
    header.write("ustar\0" + "00", 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

/** What a release holds: a script that says a version as Envoy does. */
export function envoyTar(version: string): Uint8Array {
  const folder = `envoy-v${version}-linux-amd64`;
  return tar([
    { path: `${folder}/` },
    { path: `${folder}/bin/` },
    { path: `${folder}/bin/envoy`, content: fakeEnvoy(version) },
    { path: `${folder}/LICENSE`, content: "free", mode: 0o644 },
  ]);
}

export function fakeEnvoy(version: string): string {
  return `#!/bin/sh\necho "envoy  version: 0/${version}/Clean/RELEASE/BoringSSL"\n`;
}

/** `envoyTar("1.38.1")`, packed with xz. */
export function envoyTarXz(): Uint8Array {
  return readFileSync(join(import.meta.dirname, "fixtures/envoy-v1.38.1.tar.xz"));
}

export const gzip = (bytes: Uint8Array): Uint8Array => gzipSync(bytes);

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export interface Asked {
  readonly path: string;
  readonly range: string | null;
  readonly userAgent: string | null;
}

type Serve = (request: Request, bytes: Uint8Array) => Response | Promise<Response>;

/** A server with a versions list and archives. */
export class Mirror implements Disposable {
  readonly asked: Asked[] = [];
  /** How archives are served; by default whole, or from where they are wanted. */
  serve: Serve = serveRange;
  /** Changes the list before it goes out. */
  editList: (list: MirrorList) => unknown = (list) => list;
  readonly #archives: { readonly [file: string]: Uint8Array };
  readonly #server: Bun.Server<undefined>;

  /** `releases`: archives by version; `extension` is part of their names. */
  constructor(releases: { readonly [version: string]: Uint8Array }, extension = "tar.gz") {
    const nameOf = (version: string) => `envoy-v${version}-test.${extension}`;
    this.#archives = Object.fromEntries(Object.entries(releases).map(([version, b]) => [nameOf(version), b]));
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      development: false,
      error: () => new Response("broken", { status: 500 }),
      fetch: (request) => this.#answer(request, Object.keys(releases), nameOf),
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  get listUrl(): string {
    return `${this.url}/envoy-versions.json`;
  }

  /** How often archives were asked for. */
  get downloads(): number {
    return this.asked.filter(({ path }) => path.startsWith("/archives/")).length;
  }

  [Symbol.dispose](): void {
    void this.#server.stop(true);
  }

  #answer(request: Request, versions: readonly string[], nameOf: (version: string) => string) {
    const { pathname } = new URL(request.url);
    const { headers } = request;
    this.asked.push({ path: pathname, range: headers.get("range"), userAgent: headers.get("user-agent") });
    if (pathname === "/envoy-versions.json")
      return Response.json(this.editList(this.#list(versions, nameOf)));
    const bytes = this.#archives[pathname.replace("/archives/", "")];
    return bytes === undefined ? new Response("no such file", { status: 404 }) : this.serve(request, bytes);
  }

  #list(versions: readonly string[], nameOf: (version: string) => string): MirrorList {
    const release = (version: string) => ({
      releaseDate: "2026-05-06",
      tarballs: { [platformName()]: `${this.url}/archives/${nameOf(version)}` },
    });
    const numbered = versions.filter((version) => version !== "dev");
    return {
      latestVersion: numbered.at(-1) ?? "",
      versions: Object.fromEntries(numbered.map((version) => [version, release(version)])),
      ...(versions.includes("dev") && { dev: release("dev") }),
      sha256sums: Object.fromEntries(
        Object.entries(this.#archives).map(([file, bytes]) => [file, sha256(bytes)]),
      ),
    };
  }
}

export interface MirrorList {
  readonly latestVersion: string;
  readonly versions: {
    readonly [version: string]: {
      readonly releaseDate: string;
      readonly tarballs: { readonly [platform: string]: string };
    };
  };
  readonly sha256sums: { readonly [file: string]: string };
}

export const serveRange: Serve = (request, bytes) => {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.get("range") ?? "")?.[1] ?? 0);
  if (start === 0) return new Response(bytes as Uint8Array<ArrayBuffer>);
  if (start >= bytes.length) return new Response("", { status: 416 });
  const headers = { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` };
  return new Response(bytes.slice(start), { status: 206, headers });
};

/** Sends some bytes of many, and then nothing more: it hangs, or it hangs up. */
export function serveSome(count: number, then: "hang" | "hang up"): Serve {
  return (request, bytes) => {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.get("range") ?? "")?.[1] ?? 0);
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes.slice(start, start + count));
        if (then === "hang up") setTimeout(() => controller.error(new Error("gone")), 50);
      },
    });
    const headers = {
      "content-length": String(bytes.length - start),
      ...(start > 0 && { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
    };
    return new Response(body, { status: start > 0 ? 206 : 200, headers });
  };
}

/** What an `obtainEnvoy` of a test says and sees. */
export interface Seen {
  readonly lines: string[];
  readonly progress: (readonly [number, number | undefined])[];
}

export function obtaining(
  mirror: { readonly listUrl: string },
  dataDirectory: string,
  version: string,
  more: Partial<ObtainOptions> = {},
): { readonly options: ObtainOptions; readonly seen: Seen } {
  const seen: Seen = { lines: [], progress: [] };
  const options: ObtainOptions = {
    wanted: { type: "version", version },
    dataDirectory,
    versionsUrl: mirror.listUrl,
    userAgent: "aigw/test",
    signal: new AbortController().signal,
    announce: (line) => void seen.lines.push(line),
    onProgress: (done, total) => void seen.progress.push([done, total]),
    retryDelayMs: 10,
    ...more,
  };
  return { options, seen };
}
