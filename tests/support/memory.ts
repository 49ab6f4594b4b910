/** Resident memory of a process in megabytes. */
export function residentMb(pid: number): number {
  const ps = Bun.spawnSync(["ps", "-o", "rss=", "-p", String(pid)]);
  const kilobytes = Number(ps.stdout.toString().trim());
  if (!kilobytes) throw new Error(`there is no process ${pid}, or no ps`);
  return kilobytes / 1024;
}
