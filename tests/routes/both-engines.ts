/** One configuration in every engine that this machine has: what a client sees must not depend on it. */
import { afterAll, describe } from "bun:test";
import { envoyPath } from "../support/envoy.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { freePort } from "../support/ports.ts";

export interface Engine {
  readonly name: "embedded" | "envoy";
  /** Started when it is first asked for, stopped after the tests of its block. */
  start(): Promise<Gateway>;
}

/** Runs the tests of `body` once for each engine. `config` gets a free port. */
export function onEachEngine(
  title: string,
  config: (port: number) => string,
  body: (engine: Engine) => void,
  flags: readonly string[] = [],
): void {
  for (const name of ["embedded", "envoy"] as const) {
    describe.skipIf(name === "envoy" && envoyPath === undefined)(`${title} (${name})`, () => {
      let gateway: Promise<Gateway> | undefined;
      const own = name === "envoy" ? [`--envoy-path=${envoyPath}`] : [];
      afterAll(async () => {
        await (await gateway)?.[Symbol.asyncDispose]();
      });
      body({
        name,
        start() {
          gateway ??= startGateway({
            program: "source",
            config: config(freePort()),
            flags: [`--engine=${name}`, ...own, ...flags],
          });
          return gateway;
        },
      });
    });
  }
}
