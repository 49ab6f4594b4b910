import { execFile } from "node:child_process";
import { ObtainFailure } from "./failure.ts";

const limitMs = 5000;

/** Throws `ObtainFailure` for an executable that this machine cannot run: of another platform, or without its libraries. */
export function checkRuns(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(path, ["--version"], { timeout: limitMs }, (error, _stdout, stderr) => {
      if (error === null) return resolve();
      const reason = stderr.trim().split("\n")[0] || error.message;
      reject(new ObtainFailure(`${path} does not run here: ${reason}`, { cause: error }));
    });
  });
}
