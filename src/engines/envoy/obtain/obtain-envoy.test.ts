import { afterEach, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { obtainEnvoy } from "./obtain-envoy.ts";
import {
  envoyTar,
  envoyTarXz,
  fakeEnvoy,
  gzip,
  Mirror,
  type MirrorList,
  obtaining,
  serveRange,
  serveSome,
  tar,
} from "./testing.ts";

const made: string[] = [];
afterEach(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function dataDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "aigw-obtain-"));
  made.push(directory);
  return directory;
}

const versionsOf = (data: string) => {
  const versions = join(data, "envoy-versions");
  return existsSync(versions) ? readdirSync(versions).sort() : [];
};
const said = (binary: string) => spawnSync(binary, ["--version"], { encoding: "utf8" }).stdout;

const archives: readonly { name: string; bytes: Uint8Array; extension: string }[] = [
  { name: "a tar file packed with xz", bytes: envoyTarXz(), extension: "tar.xz" },
  { name: "a tar file packed with gzip", bytes: gzip(envoyTar("1.38.1")), extension: "tar.gz" },
  { name: "a tar file that is not packed", bytes: envoyTar("1.38.1"), extension: "tar" },
  { name: "a bare executable", bytes: Buffer.from(fakeEnvoy("1.38.1")), extension: "bin" },
  {
    name: "a bare executable packed with gzip",
    bytes: gzip(Buffer.from(fakeEnvoy("1.38.1"))),
    extension: "gz",
  },
];

test.each(archives)("obtainEnvoy installs $name, and finds it again without a network", async (archive) => {
  using mirror = new Mirror({ "1.38.1": archive.bytes }, archive.extension);
  const data = dataDirectory();
  const first = obtaining(mirror, data, "1.38.1");
  const binary = await obtainEnvoy(first.options);
  expect(binary).toEqual({
    path: join(data, "envoy-versions/1.38.1/bin/envoy"),
    version: "1.38.1",
    wasInstalled: false,
  });
  expect(said(binary.path)).toContain("/1.38.1/");
  expect(statSync(dirname(dirname(binary.path))).mtime.toISOString()).toBe("2026-05-06T00:00:00.000Z");
  expect(versionsOf(data)).toEqual(["1.38.1"]);
  expect(first.seen.lines).toEqual([
    `downloading ${mirror.url}/archives/envoy-v1.38.1-test.${archive.extension}`,
    `Envoy 1.38.1 is in ${binary.path}`,
  ]);
  expect(first.seen.progress.at(-1)).toEqual([archive.bytes.length, archive.bytes.length]);
  expect(new Set(mirror.asked.map(({ userAgent }) => userAgent))).toEqual(new Set(["aigw/test"]));

  const askedBefore = mirror.asked.length;
  const again = obtaining(mirror, data, "1.38.1");
  expect(await obtainEnvoy(again.options)).toEqual({ ...binary, wasInstalled: true });
  expect(again.seen.lines).toEqual([]);
  expect(mirror.asked).toHaveLength(askedBefore);
});

const big = Buffer.concat([Buffer.from(fakeEnvoy("1.38.1")), Buffer.alloc(300_000, "#\n")]);
const oneArchive = gzip(envoyTar("1.38.1"));

const failures: readonly {
  name: string;
  archive?: Uint8Array;
  prepare(mirror: Mirror): void;
  message: RegExp;
  /** What the versions' directory holds then. */
  left?: RegExp;
}[] = [
  {
    name: "an archive with another sum",
    prepare: (mirror) => {
      mirror.serve = () => new Response("something else");
    },
    message: /archives\/envoy-v1.38.1-test.tar.gz has SHA-256 [0-9a-f]{64}, but the list says [0-9a-f]{64}/,
  },
  {
    name: "an archive that is not there",
    prepare: (mirror) => {
      mirror.serve = () => new Response("gone", { status: 404 });
    },
    message: /archives\/envoy-v1.38.1-test.tar.gz answered 404; to run without a network, .*ENVOY_PATH/,
  },
  {
    name: "a download that always breaks off, keeping what came",
    archive: big,
    prepare: (mirror) => {
      mirror.serve = serveSome(1000, "hang up");
    },
    message: /cannot get .*test.tar.gz: .*; to run without a network/,
    left: /^\.1\.38\.1\.[0-9a-f]{16}\.part$/,
  },
  {
    name: "a download that hangs, keeping what came",
    archive: big,
    prepare: (mirror) => {
      mirror.serve = serveSome(1000, "hang");
    },
    message: /nothing more has come for too long/,
    left: /part$/,
  },
  {
    name: "an archive that ends too early although its sum is right",
    archive: gzip(envoyTar("1.38.1").subarray(0, 2000)),
    prepare: () => {},
    message: /cannot unpack .*: the archive ends too early/,
  },
  {
    name: "damaged xz",
    archive: envoyTarXz().slice(0, 150),
    prepare: () => {},
    message: /cannot unpack .*: it is no xz file, is damaged/,
  },
  {
    name: "an archive that leads out of its place",
    archive: tar([{ path: "envoy/../../evil", content: "x" }]),
    prepare: () => {},
    message: /cannot unpack .*: the archive holds a path that leads out of it: envoy\/\.\.\/\.\.\/evil/,
  },
  {
    name: "an archive without Envoy",
    archive: tar([{ path: "envoy/README", content: "x" }]),
    prepare: () => {},
    message: /holds no bin\/envoy that can be run/,
  },
  {
    name: "a list that has gone",
    prepare: (mirror) => {
      mirror.editList = () => {
        throw new Error("broken");
      };
    },
    message: /envoy-versions.json answered 500; to run without a network/,
  },
  {
    name: "a list that is none",
    prepare: (mirror) => {
      mirror.editList = () => ["no list"];
    },
    message: /envoy-versions.json is no list of Envoy versions/,
  },
  {
    name: "a list without this version",
    prepare: (mirror) => {
      mirror.editList = (list: MirrorList) => ({ ...list, versions: {} });
    },
    message: /envoy-versions.json has no Envoy 1\.38\.1 for \w+\/\w+/,
  },
  {
    name: "a list without a sum",
    prepare: (mirror) => {
      mirror.editList = (list: MirrorList) => ({ ...list, sha256sums: {} });
    },
    message: /has no SHA-256 of envoy-v1.38.1-test.tar.gz/,
  },
  {
    name: "a list with a bad date",
    prepare: (mirror) => {
      mirror.editList = ({ versions, ...list }: MirrorList) => ({
        ...list,
        versions: { "1.38.1": { ...versions["1.38.1"], releaseDate: "soon" } },
      });
    },
    message: /has no release date of Envoy 1.38.1/,
  },
];

test.each(failures)("obtainEnvoy refuses $name", async ({ archive, prepare, message, left }) => {
  using mirror = new Mirror({ "1.38.1": archive ?? oneArchive });
  prepare(mirror);
  const data = dataDirectory();
  const { options } = obtaining(mirror, data, "1.38.1", { stallMs: 200 });
  await expect(obtainEnvoy(options)).rejects.toThrow(message);
  const remains = versionsOf(data);
  expect(remains).toHaveLength(left === undefined ? 0 : 1);
  if (left !== undefined) expect(remains[0]).toMatch(left);
});

test("obtainEnvoy names a server that cannot be reached, and what to do", async () => {
  const { options } = obtaining({ listUrl: "http://127.0.0.1:1/list.json" }, dataDirectory(), "1.38.1");
  await expect(obtainEnvoy(options)).rejects.toThrow(
    /^cannot get http:\/\/127\.0\.0\.1:1\/list\.json: .*; to run without a network, get Envoy ahead with `aigw download-envoy`, name an executable in ENVOY_PATH, or a list of your own in ENVOY_VERSIONS_URL$/,
  );
});

test("obtainEnvoy gives up a list that takes too long", async () => {
  using mirror = new Mirror({ "1.38.1": oneArchive });
  mirror.editList = () => Bun.sleep(10_000);
  const silent = Bun.serve({ port: 0, idleTimeout: 0, fetch: () => new Promise<Response>(() => {}) });
  const { options } = obtaining({ listUrl: silent.url.href }, dataDirectory(), "1.38.1", { listLimitMs: 50 });
  await expect(obtainEnvoy(options)).rejects.toThrow(/cannot get .*: .*tim/i);
  void silent.stop(true);
});

test("a download that broke off goes on where it ended, in the same run and in the next", async () => {
  using mirror = new Mirror({ "1.38.1": big }, "bin");
  const data = dataDirectory();
  mirror.serve = serveSome(100_000, "hang up");
  await expect(obtainEnvoy(obtaining(mirror, data, "1.38.1").options)).rejects.toThrow(/cannot get/);
  mirror.serve = serveRange;
  const { path } = await obtainEnvoy(obtaining(mirror, data, "1.38.1").options);
  expect(said(path)).toContain("/1.38.1/");
  const ranges = mirror.asked
    .filter((asked) => asked.path.startsWith("/archives/"))
    .map(({ range }) => range);
  expect(ranges).toEqual([null, "bytes=100000-", "bytes=200000-"]);
  expect(versionsOf(data)).toEqual(["1.38.1"]);
});

test("what an earlier try left is thrown away where it does not fit", async () => {
  using mirror = new Mirror({ "1.38.1": big }, "bin");
  const data = dataDirectory();
  mirror.serve = serveSome(1000, "hang up");
  await obtainEnvoy(obtaining(mirror, data, "1.38.1").options).catch(() => {});
  const [part = ""] = versionsOf(data);
  writeFileSync(join(data, "envoy-versions", part), "x".repeat(5000));
  mirror.serve = serveRange;
  const { path } = await obtainEnvoy(obtaining(mirror, data, "1.38.1").options);
  expect(said(path)).toContain("/1.38.1/");
});

test("a server that cannot serve parts is asked for all", async () => {
  using mirror = new Mirror({ "1.38.1": big }, "bin");
  const data = dataDirectory();
  mirror.serve = serveSome(1000, "hang up");
  await obtainEnvoy(obtaining(mirror, data, "1.38.1").options).catch(() => {});
  mirror.serve = (_request, bytes) => new Response(bytes as Uint8Array<ArrayBuffer>);
  const { path } = await obtainEnvoy(obtaining(mirror, data, "1.38.1").options);
  expect(said(path)).toContain("/1.38.1/");
});

test("of several at once one downloads, and all have it", async () => {
  using mirror = new Mirror({ "1.38.1": oneArchive });
  mirror.serve = async (request, bytes) => {
    await Bun.sleep(300);
    return serveRange(request, bytes);
  };
  const data = dataDirectory();
  const all = [1, 2, 3].map(() => obtaining(mirror, data, "1.38.1"));
  const binaries = await Promise.all(all.map(({ options }) => obtainEnvoy(options)));
  expect(new Set(binaries.map(({ path }) => path)).size).toBe(1);
  expect(mirror.downloads).toBe(1);
  const waiting = all.filter(({ seen }) => seen.lines.some((line) => line.includes("another aigw")));
  expect(waiting).toHaveLength(2);
  expect(versionsOf(data)).toEqual(["1.38.1"]);
});

test("the lock of one that died is taken over", async () => {
  using mirror = new Mirror({ "1.38.1": oneArchive });
  const data = dataDirectory();
  const lock = join(data, "envoy-versions/.1.38.1.lock");
  mkdirSync(dirname(lock));
  writeFileSync(lock, "12345\n");
  const long = new Date(Date.now() - 60_000);
  utimesSync(lock, long, long);
  await obtainEnvoy(obtaining(mirror, data, "1.38.1").options);
  expect(versionsOf(data)).toEqual(["1.38.1"]);
});

test("a signal ends a download at once, and leaves no lock", async () => {
  using mirror = new Mirror({ "1.38.1": big }, "bin");
  mirror.serve = serveSome(1000, "hang");
  const data = dataDirectory();
  const stop = new AbortController();
  const { options, seen } = obtaining(mirror, data, "1.38.1", { signal: stop.signal });
  const obtained = obtainEnvoy({
    ...options,
    onProgress: () => stop.abort(new Error("the run was stopped")),
  });
  await expect(obtained).rejects.toThrow("the run was stopped");
  expect(seen.lines).toHaveLength(1);
  expect(versionsOf(data)).toEqual([expect.stringMatching(/\.part$/)]);
});

test("what an older program left half-done is done anew", async () => {
  using mirror = new Mirror({ "1.38.1": oneArchive });
  const data = dataDirectory();
  mkdirSync(join(data, "envoy-versions/1.38.1/bin"), { recursive: true });
  const { path } = await obtainEnvoy(obtaining(mirror, data, "1.38.1").options);
  expect(said(path)).toContain("/1.38.1/");
});

test("an installed version that cannot be run is an error that says what to do", async () => {
  using mirror = new Mirror({});
  const data = dataDirectory();
  mkdirSync(join(data, "envoy-versions/1.38.1/bin"), { recursive: true });
  writeFileSync(join(data, "envoy-versions/1.38.1/bin/envoy"), "x", { mode: 0o600 });
  await expect(obtainEnvoy(obtaining(mirror, data, "1.38.1").options)).rejects.toThrow(
    /bin\/envoy is not executable; remove .*1\.38\.1 to get it again/,
  );
});

const minors: readonly { wanted: string; version: string }[] = [
  { wanted: "1.38", version: "1.38.12" },
  { wanted: "1.38_debug", version: "1.38.3_debug" },
  { wanted: "dev", version: "dev" },
  { wanted: "dev-latest", version: "dev" },
];

test.each(minors)("$wanted is $version of the list", async ({ wanted, version }) => {
  const all = ["1.38.2", "1.38.12", "1.38.3_debug", "1.39.0", "dev"];
  using mirror = new Mirror(Object.fromEntries(all.map((one) => [one, gzip(envoyTar(one))])));
  const { options } = obtaining(mirror, dataDirectory(), wanted);
  expect(await obtainEnvoy(options)).toMatchObject({ version, wasInstalled: false });
  expect(await obtainEnvoy(options)).toMatchObject({ version, wasInstalled: true });
  expect(mirror.downloads).toBe(1);
});

test("dev-latest is got again when the list has another day", async () => {
  using mirror = new Mirror({ dev: gzip(envoyTar("1.40.0")) });
  const { options } = obtaining(mirror, dataDirectory(), "dev-latest");
  await obtainEnvoy(options);
  mirror.editList = (list) => ({
    ...list,
    dev: { ...("dev" in list && (list.dev as object)), releaseDate: "2026-05-07" },
  });
  expect(await obtainEnvoy(options)).toMatchObject({ version: "dev", wasInstalled: false });
  expect(mirror.downloads).toBe(2);
});

test("without a list the newest installed patch will do, and is named", async () => {
  using mirror = new Mirror({ "1.38.2": gzip(envoyTar("1.38.2")), "1.38.4": gzip(envoyTar("1.38.4")) });
  const data = dataDirectory();
  for (const version of ["1.38.2", "1.38.4"]) await obtainEnvoy(obtaining(mirror, data, version).options);
  const { options, seen } = obtaining({ listUrl: "http://127.0.0.1:1/list.json" }, data, "1.38");
  expect(await obtainEnvoy(options)).toMatchObject({ version: "1.38.4", wasInstalled: true });
  expect(seen.lines).toEqual([
    expect.stringMatching(/^using Envoy 1\.38\.4, which is installed: cannot get/),
  ]);
});

test("a path that was given is used as it is, and must be executable", async () => {
  using mirror = new Mirror({});
  const data = dataDirectory();
  const path = join(data, "my-envoy");
  const { options } = obtaining(mirror, data, "1.38.1", { wanted: { type: "path", path } });
  await expect(obtainEnvoy(options)).rejects.toThrow(`ENVOY_PATH names ${path}, which is no executable file`);
  writeFileSync(path, fakeEnvoy("9.9.9"), { mode: 0o755 });
  expect(await obtainEnvoy(options)).toEqual({ path, version: undefined, wasInstalled: true });
  expect(mirror.asked).toEqual([]);
});
