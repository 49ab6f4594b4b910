import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { signAdHoc } from "../../scripts/sign-darwin.ts";

const codeBytes = 10_000;
const oldSignatureBytes = 500;

/** A Mach-O file of three load commands: two segments, and a signature that fits nothing. */
function fakeExecutable(cpu: "x64" | "arm64"): Uint8Array {
  const bytes = new Uint8Array(codeBytes + oldSignatureBytes).map((_, index) => index % 251);
  const view = new DataView(bytes.buffer);
  const head = [0xfeedfacf, cpu === "x64" ? 0x01000007 : 0x0100000c, 3, 2, 3, 2 * 72 + 16, 0, 0];
  for (const [index, word] of head.entries()) view.setUint32(index * 4, word, true);
  const segments = [
    { name: "__TEXT", offset: 0, size: 8192 },
    { name: "__LINKEDIT", offset: 8192, size: codeBytes + oldSignatureBytes - 8192 },
  ];
  for (const [index, { name, offset, size }] of segments.entries()) {
    const at = 32 + index * 72;
    bytes.fill(0, at, at + 72);
    view.setUint32(at, 0x19, true);
    view.setUint32(at + 4, 72, true);
    bytes.set(Buffer.from(name), at + 8);
    view.setBigUint64(at + 32, 0x100000n, true);
    view.setBigUint64(at + 40, BigInt(offset), true);
    view.setBigUint64(at + 48, BigInt(size), true);
  }
  for (const [index, word] of [0x1d, 16, codeBytes, oldSignatureBytes].entries()) {
    view.setUint32(176 + index * 4, word, true);
  }
  return bytes;
}

test.each(["x64", "arm64"] as const)("signAdHoc covers every page of a %s executable", (cpu) => {
  const before = fakeExecutable(cpu);
  const signed = signAdHoc(before, "aigw");
  const view = new DataView(signed.buffer);
  const signatureBytes = view.getUint32(188, true);
  expect(signed.length).toBe(codeBytes + signatureBytes);

  // The segment that holds the signature ends with the file, in whole pages of memory.
  expect(view.getBigUint64(104 + 48, true)).toBe(BigInt(signed.length - 8192));
  expect(view.getBigUint64(104 + 32, true)).toBe(cpu === "x64" ? 4096n : 16_384n);

  const directory = codeBytes + view.getUint32(codeBytes + 16);
  const word = (index: number) => view.getUint32(directory + index * 4);
  expect([view.getUint32(codeBytes), word(0)]).toEqual([0xfade0cc0, 0xfade0c02]);
  expect([word(3), word(7), word(8)]).toEqual([0x2, 3, codeBytes]);
  const identifier = directory + word(5);
  expect(Buffer.from(signed.subarray(identifier, identifier + 5)).toString()).toBe("aigw\0");
  for (let page = 0; page < 3; page++) {
    const start = directory + word(4) + page * 32;
    const hash = createHash("sha256").update(
      signed.subarray(page * 4096, Math.min(page * 4096 + 4096, codeBytes)),
    );
    expect(Buffer.from(signed.subarray(start, start + 32)).toString("hex")).toBe(hash.digest("hex"));
  }
  // Code and data are as they were.
  expect(signed.subarray(192, codeBytes)).toEqual(before.subarray(192, codeBytes));
  expect(signAdHoc(signed, "aigw")).toEqual(signed);
});

test("signAdHoc refuses what is no Mach-O executable", () => {
  expect(() =>
    signAdHoc(new TextEncoder().encode("\x7fELF and so on, long enough to look at"), "aigw"),
  ).toThrow("not a 64-bit Mach-O executable");
});
