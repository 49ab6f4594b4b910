import { BlockList, isIP } from "node:net";

/** Addresses of one block. */
export interface Cidr {
  includes(address: string): boolean;
}

/** `10.0.0.0/8`, `2001:db8::/32` or a single address; `undefined` for anything else. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = "", length, ...more] = text.split("/");
  const version = isIP(address);
  if (version === 0 || more.length > 0) return undefined;
  const bits = version === 4 ? 32 : 128;
  const prefix = length === undefined ? bits : Number(length);
  if (!/^\d+$/.test(length ?? "0") || prefix > bits) return undefined;
  const list = new BlockList();
  list.addSubnet(address, prefix, version === 4 ? "ipv4" : "ipv6");
  return {
    includes(peer) {
      const plain = plainAddress(peer);
      const family = isIP(plain);
      return family !== 0 && list.check(plain, family === 4 ? "ipv4" : "ipv6");
    },
  };
}

/** An IPv4 address that a socket for both families shows as IPv6 is IPv4. */
export function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}
