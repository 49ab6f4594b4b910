/**
 * The picture of the house, kept true: which room may import which, where libraries and `Bun` may be used, how long a
 * file gets, and what has no place in the tree.
 */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join, posix } from "node:path";

const root = join(import.meta.dir, "..");

/** Room -> rooms that it may import; what is not listed is not allowed, type-only imports included. */
const mayImport: Record<string, readonly string[]> = {
  runtime: [],
  model: [],
  policy: ["model"],
  config: ["model", "policy"],
  credentials: ["model", "policy"],
  dialects: ["model", "policy"],
  endpoints: ["model", "policy", "dialects"],
  exchange: ["model", "policy", "dialects", "endpoints", "credentials"],
  telemetry: ["model", "policy", "dialects", "exchange"],
  engines: ["model", "policy", "dialects", "endpoints", "credentials", "exchange", "telemetry", "runtime"],
  explain: ["model", "policy", "endpoints", "exchange"],
  mcp: ["model", "policy", "dialects", "credentials", "exchange", "telemetry", "runtime"],
  admin: ["model", "exchange", "telemetry", "engines", "runtime"],
  cli: [
    "model",
    "policy",
    "config",
    "explain",
    "exchange",
    "telemetry",
    "engines",
    "mcp",
    "admin",
    "runtime",
  ],
  "main.ts": ["cli", "runtime"],
};

/** Package -> the rooms that may use it: what is heavy stays off the way of a request, what is special in one place. */
const mayUsePackage: Record<string, readonly string[]> = {
  "@aws-sdk/credential-providers": ["credentials"],
  "@bufbuild/cel": ["policy"],
  "@grpc/grpc-js": ["telemetry"],
  "@opentelemetry/api": ["telemetry"],
  "@opentelemetry/core": ["telemetry"],
  "@opentelemetry/otlp-transformer": ["telemetry"],
  "@opentelemetry/propagator-aws-xray": ["telemetry"],
  "@opentelemetry/propagator-b3": ["telemetry"],
  "@opentelemetry/propagator-jaeger": ["telemetry"],
  "@opentelemetry/propagator-ot-trace": ["telemetry"],
  "@opentelemetry/resources": ["telemetry"],
  "@opentelemetry/sdk-metrics": ["telemetry"],
  "@opentelemetry/sdk-trace": ["telemetry"],
  "@smithy/core": ["credentials"],
  "jsonc-parser": ["config"],
  jose: ["policy"],
  re2js: ["policy"],
  "xz-decompress": ["engines"],
  yaml: ["config", "cli"],
  zod: ["config", "cli"],
};

/** What tests may use: the program's packages and those of development, official SDKs among them. */
const packages = new Set(
  Object.entries(JSON.parse(read("package.json")) as Record<string, Record<string, string>>).flatMap(
    ([key, value]) => (/^(?:devD|d)ependencies$/.test(key) ? Object.keys(value) : []),
  ),
);

/** The only file that calls into a library of the system. */
const foreignCalls = "src/runtime/guarded-child.ts";

const maxLines = 400;
const worthALook = 250;

const sources = tracked("src/**/*.ts");
const isTest = (file: string) => file.endsWith(".test.ts") || file.endsWith("/testing.ts");
const program = sources.filter((file) => !isTest(file));

/** What is in the repository or about to be: no build output, nothing that git ignores. */
function tracked(...patterns: string[]): string[] {
  const listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--"];
  const git = Bun.spawnSync([...listing, ...patterns.map((pattern) => `:(glob)${pattern}`)], { cwd: root });
  const names = git.stdout.toString().split("\0");
  return [...new Set(names)].filter((name) => name !== "" && isFile(name)).sort();
}

function isFile(name: string): boolean {
  try {
    readFileSync(join(root, name));
    return true;
  } catch {
    return false; // Deleted in the work tree, or a folder behind a link.
  }
}

function read(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

function roomOf(file: string): string {
  return file.split("/")[1] ?? "";
}

interface Import {
  readonly from: string;
  readonly target: string;
}

/** Static imports and re-exports, and `import("…")` in code and types. */
const importPattern =
  /^(?:(?:import|export)\s[\w\s{},*$]*?from\s*|import\s*)"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/gm;

function importsOf(file: string): Import[] {
  return [...read(file).matchAll(importPattern)].map(([, fixed, late]) => ({
    from: file,
    target: fixed ?? late ?? "",
  }));
}

/** A complaint for each import of `file` that its room may not have. */
function badImports(file: string): string[] {
  const room = roomOf(file);
  const allowed = mayImport[room];
  if (allowed === undefined) return [`${file}: there is no room "${room}"`];
  return importsOf(file).flatMap(({ target }) => {
    if (target.startsWith("node:") || (target === "bun:test" && isTest(file))) return [];
    if (target === "bun:ffi" && file === foreignCalls) return [];
    if (!target.startsWith(".")) return badPackage(file, target);
    const path = posix.join(posix.dirname(file), target);
    if (!path.startsWith("src/")) return isTest(file) ? [] : [`${file}: imports ${path} from outside src`];
    if (!path.endsWith(".ts")) return [`${file}: "${target}" does not name a file`];
    const other = roomOf(path);
    return other === room || allowed.includes(other)
      ? []
      : [`${file}: ${room} may not import ${other} ("${target}")`];
  });
}

function badPackage(file: string, target: string): string[] {
  const name = target
    .split("/")
    .slice(0, target.startsWith("@") ? 2 : 1)
    .join("/");
  const rooms = mayUsePackage[name];
  if (rooms?.includes(roomOf(file)) || (isTest(file) && packages.has(name))) return [];
  return [`${file}: ${roomOf(file)} may not use the package "${name}"`];
}

describe("imports", () => {
  test("the walk saw the source and its imports", () => {
    expect(sources.length).toBeGreaterThan(20);
    expect(sources.flatMap(importsOf).length).toBeGreaterThan(sources.length);
  });

  test("each goes the way that the rooms allow", () => {
    expect(sources.flatMap(badImports)).toEqual([]);
  });

  test("the allowed ways have no circle", () => {
    const seen = new Set<string>();
    const visit = (room: string, path: readonly string[]): void => {
      expect(path, `circle: ${[...path, room].join(" -> ")}`).not.toContain(room);
      if (seen.has(room)) return;
      for (const next of mayImport[room] ?? []) visit(next, [...path, room]);
      seen.add(room);
    };
    for (const room of Object.keys(mayImport)) visit(room, []);
    expect(seen.size).toBe(Object.keys(mayImport).length);
  });

  test("every package of the program has its rooms", () => {
    const { dependencies } = JSON.parse(read("package.json")) as { dependencies: Record<string, string> };
    expect(Object.keys(mayUsePackage).sort()).toEqual(Object.keys(dependencies).sort());
  });
});

test("Bun's own API is used only where Bun is the subject", () => {
  const places = ["src/runtime/bun.ts", "src/engines/embedded/"];
  const users = program.filter((file) => /\bBun\.|from "bun"/.test(withoutComments(read(file))));
  expect(users.filter((file) => !places.some((place) => file.startsWith(place)))).toEqual([]);
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");
}

test(`no file of the program is longer than ${maxLines} lines`, () => {
  const lengths = program.map((file) => ({ file, lines: read(file).split("\n").length - 1 }));
  const long = lengths.filter(({ lines }) => lines > worthALook).sort((a, b) => b.lines - a.lines);
  if (long.length > 0) console.log(long.map(({ file, lines }) => `  ${lines} lines: ${file}`).join("\n"));
  expect(lengths.filter(({ lines }) => lines > maxLines)).toEqual([]);
});

describe("the tree holds nothing of", () => {
  const here = "tests/architecture.test.ts";
  const texts = tracked("**").filter(
    (file) => file !== here && !file.startsWith("tests/vectors/") && !isBinary(file),
  );
  const code = texts.filter((file) => /\.(ts|sh)$|^scripts\//.test(file));

  const nowhere: readonly { what: string; pattern: RegExp; files: readonly string[] }[] = [
    {
      what: "one person's machine",
      pattern: /\/(?:home|Users)\/(?!nonroot\b)[a-z]\w*|(?<![\w.])\/root\//i,
      files: texts,
    },
    { what: "a fixed place in the temporary directory", pattern: /["'`=\s]\/tmp\/(?!aigw-)\w/, files: code },
    {
      what: "switched-off type checks",
      pattern: /@ts-(?:ignore|expect-error|nocheck)|\bas any\b|: any\b/,
      files: code,
    },
    { what: "unfinished work", pattern: /\b(?:TODO|FIXME|XXX)\b/, files: code },
    { what: "tests that do not run", pattern: /\b(?:test|it|describe)\.(?:skip|todo|only)\b/, files: code },
  ];

  test("the walk saw the tree", () => {
    expect(texts).toContain("package.json");
    expect(code.length).toBeGreaterThan(20);
  });

  test.each(nowhere)("$what", ({ pattern, files }) => {
    const found = files.flatMap((file) =>
      read(file)
        .split("\n")
        .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
    );
    expect(found).toEqual([]);
  });

  function isBinary(file: string): boolean {
    return read(file).slice(0, 1000).includes("\0");
  }
});
