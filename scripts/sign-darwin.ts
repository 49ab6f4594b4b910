/**
 * Ad-hoc signatures for macOS executables, written on any machine.
 *
 * Bun appends our program to its own signed executable. For arm64 it signs anew; for x64 the old signature stays and
 * no longer fits, which is worse than none. So both get one here, over the final bytes: what `codesign --sign -` would
 * write, without entitlements. A signature of an Apple developer can replace it later on a Mac.
 *
 * @see https://github.com/apple-oss-distributions/xnu/blob/main/osfmk/kern/cs_blobs.h, read 2026-11
 */
import { createHash } from "node:crypto";

const machO64 = 0xfeedfacf;
const loadCommand = { segment64: 0x19, codeSignature: 0x1d } as const;
const blobMagic = { superBlob: 0xfade0cc0, codeDirectory: 0xfade0c02 } as const;
const pageBytes = 4096;
const hashBytes = 32;
/** Magic, length, count, and one index entry. */
const superBlobHeadBytes = 20;
/** Version 0x20400: up to the executable segment. */
const directoryHeadBytes = 88;
const flags = { adHoc: 0x2, mainBinary: 0x1 } as const;

interface Segment {
  /** Offset of its load command. */
  readonly at: number;
  readonly fileOffset: number;
  readonly fileBytes: number;
}

interface Layout {
  readonly text: Segment;
  readonly linkEdit: Segment;
  readonly signatureAt: number;
  readonly signatureOffset: number;
  /** Pages of the machine, which segments in memory are multiples of. */
  readonly memoryPageBytes: number;
}

/** The same executable with an ad-hoc signature in the place of the one it has. Throws for anything but 64-bit Mach-O. */
export function signAdHoc(executable: Uint8Array, identifier: string): Uint8Array {
  const layout = readLayout(executable);
  const codeBytes = layout.signatureOffset;
  const signatureBytes = superBlobHeadBytes + directoryBytes(identifier, codeBytes);
  const signed = new Uint8Array(codeBytes + signatureBytes);
  signed.set(executable.subarray(0, codeBytes));
  // The load commands lie in the first page that is hashed, so they are set first.
  writeSizes(new DataView(signed.buffer), layout, signatureBytes);
  writeSignature(signed, layout, identifier);
  return signed;
}

function readLayout(executable: Uint8Array): Layout {
  const view = new DataView(executable.buffer, executable.byteOffset, executable.byteLength);
  if (view.getUint32(0, true) !== machO64) throw new Error("not a 64-bit Mach-O executable");
  const isArm = view.getUint32(4, true) === 0x0100000c;
  const segments = new Map<string, Segment>();
  let signatureAt: number | undefined;
  let at = 32;
  for (let left = view.getUint32(16, true); left > 0; left--) {
    const command = view.getUint32(at, true);
    if (command === loadCommand.codeSignature) signatureAt = at;
    if (command === loadCommand.segment64) {
      const name = Buffer.from(executable.subarray(at + 8, at + 24))
        .toString("latin1")
        .replace(/\0+$/, "");
      const fileOffset = Number(view.getBigUint64(at + 40, true));
      segments.set(name, { at, fileOffset, fileBytes: Number(view.getBigUint64(at + 48, true)) });
    }
    at += view.getUint32(at + 4, true);
  }
  const text = segments.get("__TEXT");
  const linkEdit = segments.get("__LINKEDIT");
  if (!text || !linkEdit || signatureAt === undefined)
    throw new Error("the executable has no room for a signature");
  const signatureOffset = view.getUint32(signatureAt + 8, true);
  return { text, linkEdit, signatureAt, signatureOffset, memoryPageBytes: isArm ? 16_384 : 4096 };
}

function writeSizes(view: DataView, layout: Layout, signatureBytes: number): void {
  const { linkEdit, memoryPageBytes } = layout;
  const linkEditBytes = layout.signatureOffset + signatureBytes - linkEdit.fileOffset;
  view.setUint32(layout.signatureAt + 12, signatureBytes, true);
  view.setBigUint64(
    linkEdit.at + 32,
    BigInt(Math.ceil(linkEditBytes / memoryPageBytes) * memoryPageBytes),
    true,
  );
  view.setBigUint64(linkEdit.at + 48, BigInt(linkEditBytes), true);
}

function directoryBytes(identifier: string, codeBytes: number): number {
  return directoryHeadBytes + identifier.length + 1 + Math.ceil(codeBytes / pageBytes) * hashBytes;
}

/** One blob that holds one code directory: a hash of each page before it. All numbers are big-endian. */
function writeSignature(signed: Uint8Array, layout: Layout, identifier: string): void {
  const codeBytes = layout.signatureOffset;
  const view = new DataView(signed.buffer, codeBytes);
  const directory = new DataView(signed.buffer, codeBytes + superBlobHeadBytes);
  const length = directory.byteLength;
  const hashesOffset = directoryHeadBytes + identifier.length + 1;
  for (const [index, word] of [blobMagic.superBlob, view.byteLength, 1, 0, superBlobHeadBytes].entries()) {
    view.setUint32(index * 4, word);
  }
  const pages = Math.ceil(codeBytes / pageBytes);
  const head = [
    blobMagic.codeDirectory,
    length,
    0x20400,
    flags.adHoc,
    hashesOffset,
    directoryHeadBytes,
    0,
    pages,
    codeBytes,
  ];
  for (const [index, word] of head.entries()) directory.setUint32(index * 4, word);
  directory.setUint8(36, hashBytes);
  directory.setUint8(37, 2); // SHA-256
  directory.setUint8(39, Math.log2(pageBytes));
  directory.setBigUint64(64, BigInt(layout.text.fileOffset));
  directory.setBigUint64(72, BigInt(layout.text.fileBytes));
  directory.setBigUint64(80, BigInt(flags.mainBinary));
  const body = signed.subarray(codeBytes + superBlobHeadBytes);
  body.set(Buffer.from(identifier, "latin1"), directoryHeadBytes);
  for (let page = 0; page < pages; page++) {
    const bytes = signed.subarray(page * pageBytes, Math.min((page + 1) * pageBytes, codeBytes));
    body.set(createHash("sha256").update(bytes).digest(), hashesOffset + page * hashBytes);
  }
}
