import { setTimeout as sleep } from "node:timers/promises";
import type { EnvoyAdmin } from "../admin/envoy-admin.ts";
import { describeExit, EnvoyProcess, type EnvoyProcessOptions } from "./envoy-process.ts";
import { type ReadinessOptions, untilReady } from "./readiness.ts";

export interface SupervisorOptions {
  /** Asked before each start. */
  launch(): EnvoyProcessOptions;
  /** For messages. */
  readonly stderrLog: string;
  readonly readiness: Omit<ReadinessOptions, "signal" | "refusal">;
  /** A process was started; its number. */
  onSpawn(pid: number): void;
  /** Envoy has gone and comes back; what happened. */
  onCrash(message: string): void;
  onRestarted(admin: EnvoyAdmin): void;
  /** It does not come back any more. */
  onLost(error: EnvoyLost): void;
  readonly backOff?: BackOff;
}

/** Envoy ended and is not started again. `message` says how it ended and where its log is. */
export class EnvoyLost extends Error {
  override readonly name = "EnvoyLost";
}

export interface BackOff {
  /** So many crashes within `windowMs` are too many. */
  readonly maxCrashes: number;
  readonly windowMs: number;
  readonly maxDelayMs: number;
}

const usualBackOff: BackOff = { maxCrashes: 5, windowMs: 60_000, maxDelayMs: 2000 };
const firstDelayMs = 50;

/** Keeps one Envoy running: starts it, starts it again when it crashes, and says so when that is of no use. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #stopping = new AbortController();
  #process: EnvoyProcess | undefined;
  #admin: EnvoyAdmin | undefined;
  #crashes: number[] = [];

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** Of the Envoy that runs, or ran last. Throws before the first is ready. */
  get admin(): EnvoyAdmin {
    if (this.#admin === undefined) throw new Error("Envoy was not ready yet");
    return this.#admin;
  }

  get isReady(): boolean {
    return this.#admin !== undefined;
  }

  get lastComplaint(): string | undefined {
    return this.#process?.lastComplaint;
  }

  /** Resolves when Envoy is ready. Throws `EnvoyLost` where it ends before, `NotReady` where it takes too long. */
  async start(signal: AbortSignal): Promise<void> {
    const process = this.#spawn();
    this.#admin = await this.#ready(process, signal);
    this.#watch(process);
  }

  /** Asks it to end, and after `limitMs` makes it. Requests in flight are cut. */
  async stop(limitMs: number): Promise<void> {
    this.#stopping.abort(new Error("the gateway is stopping"));
    const process = this.#process;
    if (process === undefined) return;
    process.kill("SIGTERM");
    const timer = setTimeout(() => process.kill("SIGKILL"), limitMs);
    await process.exited;
    clearTimeout(timer);
  }

  #spawn(): EnvoyProcess {
    const process = new EnvoyProcess(this.#options.launch());
    this.#process = process;
    if (process.pid !== undefined) this.#options.onSpawn(process.pid);
    return process;
  }

  async #ready(process: EnvoyProcess, signal: AbortSignal): Promise<EnvoyAdmin> {
    const ended = new AbortController();
    void process.exited.then((exit) => {
      ended.abort(new EnvoyLost(this.#explain(`${describeExit(exit)} before it was ready`, process)));
    });
    const signals = AbortSignal.any([signal, ended.signal, this.#stopping.signal]);
    const refusal = () => process.lastComplaint;
    return await untilReady({ ...this.#options.readiness, signal: signals, refusal });
  }

  #watch(process: EnvoyProcess): void {
    void process.exited.then(async (exit) => {
      if (this.#stopping.signal.aborted) return;
      await this.#crashed(this.#explain(describeExit(exit), process));
    });
  }

  /** Again and again, until one is ready or there were too many. */
  async #crashed(what: string): Promise<void> {
    const { backOff = usualBackOff } = this.#options;
    for (let message = what; ; ) {
      const now = performance.now();
      this.#crashes = [...this.#crashes.filter((at) => now - at < backOff.windowMs), now];
      if (this.#crashes.length >= backOff.maxCrashes) {
        this.#options.onLost(new EnvoyLost(`${message} (${this.#crashes.length} times)`));
        return;
      }
      this.#options.onCrash(message);
      try {
        await sleep(this.#delayMs(backOff), undefined, { signal: this.#stopping.signal });
        const process = this.#spawn();
        this.#admin = await this.#ready(process, this.#stopping.signal);
        this.#options.onRestarted(this.#admin);
        this.#watch(process);
        return;
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        this.#process?.kill("SIGKILL");
        message = error instanceof Error ? error.message : String(error);
      }
    }
  }

  /** None for the first: whoever waits has waited long enough. */
  #delayMs({ maxDelayMs }: BackOff): number {
    const before = this.#crashes.length - 1;
    return before === 0 ? 0 : Math.min(firstDelayMs * 2 ** before, maxDelayMs);
  }

  #explain(what: string, process: EnvoyProcess): string {
    const complaint = process.lastComplaint;
    return `${what}${complaint === undefined ? "" : `: ${complaint}`}; see ${this.#options.stderrLog}`;
  }
}
