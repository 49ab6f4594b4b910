import { Buffer } from "node:buffer";
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  pbkdf2,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";
import { promisify } from "node:util";

/** What a seal is for: what was sealed for one purpose does not open for another. */
export type Purpose = "session" | "event" | "callback" | "cursor" | "state";

const version = 1;
const saltBytes = 16;
const nonceBytes = 12;
const tagBytes = 16;
const headBytes = 2 + saltBytes + nonceBytes;
/** One context for all: masters of equal seeds are equal on all replicas. */
const context = "aigw mcp session keys v1";

interface MasterKey {
  readonly id: number;
  readonly master: Uint8Array;
}

/**
 * Seals what clients carry for the gateway. Masters are derived once, when the program starts; each seal has a key of
 * its own that costs a microsecond.
 *
 * - Layout: version, id of the master, salt, nonce, AES-256-GCM of the payload; base64url.
 * - What is sealed is bound to `bound` (the route): elsewhere it does not open.
 * - The first seed seals. All open, so that seeds can be changed while sessions go on.
 */
export class KeyRing {
  readonly #keys: readonly MasterKey[];

  private constructor(keys: readonly MasterKey[]) {
    this.#keys = keys;
  }

  /** `seeds`: the primary, then those that are still accepted. */
  static async derive(seeds: readonly string[], iterations: number): Promise<KeyRing> {
    const derive = promisify(pbkdf2);
    const masters = await Promise.all(seeds.map((seed) => derive(seed, context, iterations, 32, "sha256")));
    const keys = masters.map((master) => ({
      id: createHash("sha256").update(master).digest()[0] ?? 0,
      master,
    }));
    if (keys.length === 0) throw new RangeError("a key ring needs a seed");
    return new KeyRing(keys);
  }

  seal(payload: Uint8Array, purpose: Purpose, bound: string): string {
    const key = this.#primary;
    const head = Buffer.allocUnsafe(headBytes);
    head[0] = version;
    head[1] = key.id;
    randomBytes(headBytes - 2).copy(head, 2);
    const salt = head.subarray(2, 2 + saltBytes);
    const nonce = head.subarray(2 + saltBytes, headBytes);
    const cipher = createCipheriv("aes-256-gcm", subKey(key, salt, purpose), nonce);
    cipher.setAAD(boundTo(key, bound));
    const sealed = [head, cipher.update(payload), cipher.final(), cipher.getAuthTag()];
    return Buffer.concat(sealed).toString("base64url");
  }

  /** `undefined` for what was not sealed here, for this purpose and for this route; "malformed" for what never was. */
  open(text: string, purpose: Purpose, bound: string): Uint8Array | "malformed" | undefined {
    if (!/^[A-Za-z0-9_-]+$/.test(text)) return "malformed";
    const bytes = Buffer.from(text, "base64url");
    if (bytes.length < headBytes + tagBytes || bytes[0] !== version) return "malformed";
    for (const key of this.#keys) {
      if (key.id !== bytes[1]) continue;
      const payload = openWith(key, bytes, purpose, bound);
      if (payload !== undefined) return payload;
    }
    return undefined;
  }

  /** Proof that a text came from here; 16 bytes, the same for the same text. */
  sign(text: string, purpose: Purpose): Buffer {
    return signWith(this.#primary, text, purpose);
  }

  /** Whether any of the seeds has signed it. */
  verify(signature: Uint8Array, text: string, purpose: Purpose): boolean {
    const isSame = (signed: Buffer) =>
      signed.length === signature.length && timingSafeEqual(signed, signature);
    return this.#keys.some((key) => isSame(signWith(key, text, purpose)));
  }

  get #primary(): MasterKey {
    return this.#keys[0] as MasterKey;
  }
}

function subKey({ master }: MasterKey, salt: Uint8Array, purpose: Purpose): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", master, salt, purpose, 32));
}

function boundTo({ id }: MasterKey, bound: string): Buffer {
  return Buffer.concat([Buffer.from([version, id]), Buffer.from(bound)]);
}

function openWith(key: MasterKey, bytes: Buffer, purpose: Purpose, bound: string): Uint8Array | undefined {
  const salt = bytes.subarray(2, 2 + saltBytes);
  const nonce = bytes.subarray(2 + saltBytes, headBytes);
  const decipher = createDecipheriv("aes-256-gcm", subKey(key, salt, purpose), nonce, {
    authTagLength: tagBytes,
  });
  decipher.setAAD(boundTo(key, bound));
  decipher.setAuthTag(bytes.subarray(-tagBytes));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(headBytes, -tagBytes)), decipher.final()]);
  } catch {
    return undefined;
  }
}

function signWith({ master }: MasterKey, text: string, purpose: Purpose): Buffer {
  return createHmac("sha256", master).update(purpose).update("\0").update(text).digest().subarray(0, 16);
}
