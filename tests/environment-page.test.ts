/** docs/environment.md names what the program reads, and nothing that it does not. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "..");
const read = (file: string) => readFileSync(join(root, file), "utf8");
const sources = [...new Bun.Glob("src/**/*.ts").scanSync(root)].filter(
  (file) => !/\.test\.ts$|testing\.ts$/.test(file),
);

/** Names of variables as code writes them; those of the signals are put together from parts. */
const inCode = new Set(
  sources.flatMap((file) =>
    [...read(file).matchAll(/["'`]([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)["'`]/g)].map(([, name = ""]) => name),
  ),
);
const prefixes =
  /^(AIGW|OPENAI|AZURE|ANTHROPIC|AWS|GOOGLE|CLOUDSDK|GCE|AI_GATEWAY|ENVOY|MCP_PROXY|IDENTITY|SSL|GITHUB|NO_COLOR|HTTPS?_PROXY)/;
/** Written as the program's own constants, and no variables. */
const noVariables = new Set(["AIGW_VERSION", "AIGW_LICENSES"]);

const pages = ["docs/environment.md", "docs/observability.md"].map(read).join("\n");
const named = new Set(
  [...read("docs/environment.md").matchAll(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)`/g)].map(
    ([, name = ""]) => name,
  ),
);

test("every variable that is read has its line", () => {
  const missing = [...inCode].filter(
    (name) => prefixes.test(name) && !noVariables.has(name) && !pages.includes(name),
  );
  expect(missing).toEqual([]);
});

test("every line is about a variable that is read", () => {
  const text = sources.map(read).join("\n");
  // These two are read by the runtime and by AWS's library.
  const byOthers = new Set(["ALL_PROXY", "AWS_ROLE_ARN"]);
  const unknown = [...named].filter((name) => !byOthers.has(name) && !text.includes(name));
  expect(unknown).toEqual([]);
});
