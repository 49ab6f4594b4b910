import { writev } from "node:fs";
import { open } from "node:fs/promises";

/** Something that can be opened and appended to. `name` is for messages. */
export interface SinkTarget {
  readonly name: string;
  open(): Promise<OpenTarget>;
}

export interface OpenTarget {
  /** Resolves with the number of bytes taken, which may be less than given. */
  write(chunks: readonly Uint8Array[]): Promise<number>;
  close(): Promise<void>;
}

/** A file, made with mode 0600 if it is not there. */
export function fileTarget(path: string): SinkTarget {
  return {
    name: path,
    async open() {
      const file = await open(path, "a", 0o600);
      return {
        write: async (chunks) => (await file.writev(chunks)).bytesWritten,
        close: () => file.close(),
      };
    },
  };
}

/**
 * An open descriptor of this process, such as 1. Written to from the thread pool: a reader that has stopped holds up
 * nothing, as the stream of `process.stdout` would in memory or in time.
 */
export function descriptorTarget(descriptor: number, name: string): SinkTarget {
  const target: OpenTarget = {
    write: (chunks) =>
      new Promise((resolve, reject) => {
        writev(descriptor, chunks, (error, bytes) => {
          if (error === null) resolve(bytes);
          else if (error.code === "EAGAIN") resolve(0);
          else reject(error);
        });
      }),
    close: () => Promise.resolve(),
  };
  return { name, open: () => Promise.resolve(target) };
}
