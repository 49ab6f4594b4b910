import { chmod, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { signAdHoc } from "./sign-darwin.ts";

export const platforms = [
  "linux-x64",
  "linux-arm64",
  "linux-x64-musl",
  "linux-arm64-musl",
  "darwin-x64",
  "darwin-arm64",
] as const;
export type Platform = (typeof platforms)[number];

export const root = join(import.meta.dirname, "..");

export interface CompileOptions {
  /** Where the program goes. It appears there whole: a running or half-built one is never seen under the name. */
  readonly outfile: string;
  /** Absent: this machine's. */
  readonly platform?: Platform;
  /** `<tag>-<commits>-g<sha>`; empty for a program that calls itself `dev`. */
  readonly version: string;
  /** What `aigw version --licenses` prints. */
  readonly licenses: string;
}

/** Compiles the program. The same source gives the same bytes, wherever they go. Throws with Bun's own messages. */
export async function compile({ outfile, platform, version, licenses }: CompileOptions): Promise<void> {
  await mkdir(dirname(outfile), { recursive: true });
  const folder = await mkdtemp(join(dirname(outfile), ".compile-"));
  // The file's name gets into it.
  const file = join(folder, "aigw");
  try {
    const result = await Bun.build({
      entrypoints: [join(root, "src/main.ts")],
      minify: true,
      bytecode: true,
      format: "esm",
      define: {
        AIGW_VERSION: JSON.stringify(version),
        AIGW_LICENSES: JSON.stringify(licenses),
        // Packages ask where they lie; where that was on the machine that built is nobody's business, and not always the same.
        __dirname: JSON.stringify("/"),
        __filename: JSON.stringify("/aigw"),
      },
      compile: {
        outfile: file,
        // What lies in the directory where a user starts aigw is no configuration of ours.
        autoloadDotenv: false,
        autoloadBunfig: false,
        ...(platform === undefined ? {} : { target: `bun-${platform}` as const }),
      },
    });
    if (!result.success) throw new Error(`cannot compile ${outfile}: ${result.logs.join("\n")}`);
    if (platform?.startsWith("darwin"))
      await Bun.write(file, signAdHoc(await Bun.file(file).bytes(), "aigw"));
    await chmod(file, 0o755);
    await rename(file, outfile);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What git says of this commit, or nothing outside a clone or before the first tag. */
export function describeCommit(): string {
  const git = Bun.spawnSync(["git", "describe", "--tags", "--long"], { cwd: root, stderr: "ignore" });
  return git.success ? git.stdout.toString().trim() : "";
}
