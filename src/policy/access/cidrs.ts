import { BlockList, isIP } from "node:net";

const pattern = /^([^/]+)\/(\d{1,3})$/;

/** Makes a test of IP addresses by ranges such as `10.0.0.0/8`. Throws for what is no range. */
export function compileCidrs(cidrs: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [, network = "", bits = ""] = pattern.exec(cidr) ?? [];
    const family = isIP(network);
    if (family === 0 || Number(bits) > (family === 4 ? 32 : 128)) {
      throw new Error(`${JSON.stringify(cidr)} is not a range such as 10.0.0.0/8 or 2001:db8::/32`);
    }
    list.addSubnet(network, Number(bits), family === 4 ? "ipv4" : "ipv6");
  }
  return (address) => {
    const plain = plainAddress(address);
    const family = isIP(plain);
    return family !== 0 && list.check(plain, family === 4 ? "ipv4" : "ipv6");
  };
}

/** Without a zone, and an IPv4 address that came over an IPv6 socket as itself. */
function plainAddress(address: string): string {
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? [];
  return mapped ?? address.replace(/%.*$/, "");
}
