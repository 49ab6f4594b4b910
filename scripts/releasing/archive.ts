import { gzipSync } from "node:zlib";

export interface ArchiveFile {
  readonly path: string;
  readonly content: Uint8Array | string;
  readonly isExecutable?: boolean;
}

const blockBytes = 512;

/**
 * A `.tar.gz` (POSIX ustar) of files that belong to root and are as old as the commit: the same files, the same bytes.
 * Throws for a path that is longer than the format has room for.
 */
export function writeArchive(files: readonly ArchiveFile[], modifiedAt: Date): Uint8Array {
  const blocks = files.flatMap((file) => {
    const content = Buffer.from(file.content);
    const padding = Buffer.alloc((blockBytes - (content.length % blockBytes)) % blockBytes);
    return [headerOf(file, content.length, modifiedAt), content, padding];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)]), { level: 9 });
}

function headerOf({ path, isExecutable = false }: ArchiveFile, bytes: number, modifiedAt: Date): Buffer {
  if (Buffer.byteLength(path) > 100) throw new Error(`too long for an archive: ${path}`);
  const header = Buffer.alloc(blockBytes);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, "0")}\0`;
  const seconds = Math.floor(modifiedAt.getTime() / 1000);
  header.write(path, 0);
  header.write(octal(isExecutable ? 0o755 : 0o644, 8), 100);
  header.write(octal(0, 8), 108); // Owner,
  header.write(octal(0, 8), 116); // and group.
  header.write(octal(bytes, 12), 124);
  header.write(octal(seconds, 12), 136);
  header.write(" ".repeat(8), 148); // What the checksum counts in its own place.
  header.write("0", 156); // A plain file.
  header.write("ustar\0", 257);
  header.write("00", 263);
  header.write("root", 265);
  header.write("root", 297);
  header.write(
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      7,
    )} `,
    148,
  );
  return header;
}
