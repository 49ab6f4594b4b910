import { closeSync, openSync } from "node:fs";
import process from "node:process";
import { isatty } from "node:tty";

export interface ProcessEvents {
  /** SIGINT or SIGTERM, or SIGHUP because the terminal was closed. */
  stop(signal: string): void;
  /** SIGHUP that somebody sent. */
  reload(): void;
  /** A stop signal after the first. */
  stopNow(): void;
  /** An exception or a rejection that nobody caught. */
  accident(error: unknown): void;
}

/** Until the returned function is called. */
export type ListenToProcess = (events: ProcessEvents) => () => void;

export const listenToProcess: ListenToProcess = (events) => {
  const hadTerminal = hasTerminal();
  let isStopping = false;
  const stop = (signal: string) => {
    if (isStopping) return events.stopNow();
    isStopping = true;
    events.stop(signal);
  };
  // Who closes the window wants the gateway to end; who sends the signal to a service wants it to look at its files.
  const hangUp = () => (hadTerminal && !hasTerminal() ? stop("SIGHUP") : events.reload());
  const listeners = {
    SIGINT: stop,
    SIGTERM: stop,
    SIGHUP: hangUp,
    uncaughtException: events.accident,
    unhandledRejection: events.accident,
  };
  for (const [event, listener] of Object.entries(listeners)) process.on(event, listener);
  return () => {
    for (const [event, listener] of Object.entries(listeners)) process.off(event, listener);
  };
};

/** Whether this process still has a controlling terminal. */
function hasTerminal(): boolean {
  if (![0, 1, 2].some((descriptor) => isatty(descriptor))) return false;
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}
