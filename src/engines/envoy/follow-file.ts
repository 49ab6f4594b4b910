import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const pollMs = 100;
const pieceBytes = 64 * 1024;

/** Hands on what is appended to a file from now on, until the returned function is called; that one hands on the rest. */
export function followFile(path: string, onData: (text: Uint8Array) => void): () => void {
  const file = openSync(path, "r");
  let at = fstatSync(file).size;
  const read = () => {
    const buffer = new Uint8Array(pieceBytes);
    for (;;) {
      const length = readSync(file, buffer, 0, buffer.length, at);
      if (length === 0) return;
      at += length;
      onData(buffer.slice(0, length));
    }
  };
  const timer = setInterval(read, pollMs);
  timer.unref();
  return () => {
    clearInterval(timer);
    read();
    closeSync(file);
  };
}
