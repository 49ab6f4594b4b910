import { expect, test } from "bun:test";
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { followFile } from "./follow-file.ts";
import { XdsDirectory } from "./reload/xds-directory.ts";
import { findSystemAuthorities } from "./system-authorities.ts";

const folder = mkdtempSync(join(tmpdir(), "aigw-files-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

test("XdsDirectory puts whole files for their owner alone, and leaves equal ones untouched", () => {
  const directory = new XdsDirectory(join(folder, "one"));
  expect(directory.put("cds.json", "a")).toBe(true);
  const { ino } = statSync(join(directory.path, "cds.json"));
  expect(directory.put("cds.json", "a")).toBe(false);
  expect(statSync(join(directory.path, "cds.json")).ino).toBe(ino);
  expect(directory.put("cds.json", "b")).toBe(true);
  expect(statSync(join(directory.path, "cds.json")).ino).not.toBe(ino);
  expect((statSync(join(directory.path, "cds.json")).mode & 0o777).toString(8)).toBe("600");
  expect(readdirSync(join(folder, "one/next"))).toEqual([]);
  directory.remove("cds.json");
  expect(readdirSync(directory.path)).toEqual([]);
  expect(directory.names).toEqual([]);
});

test("followFile hands on what is appended, up to its end", async () => {
  const path = join(folder, "log");
  writeFileSync(path, "before\n");
  let text = "";
  const unfollow = followFile(path, (piece) => {
    text += Buffer.from(piece).toString();
  });
  appendFileSync(path, "one\n");
  for (let waited = 0; waited < 5000 && text === ""; waited += 10) await Bun.sleep(10);
  expect(text).toBe("one\n");
  appendFileSync(path, "two\n");
  unfollow();
  expect(text).toBe("one\ntwo\n");
});

test("findSystemAuthorities takes the variable, then a usual place, then Mozilla's list", () => {
  const mine = join(folder, "mine.pem");
  const usual = join(folder, "usual.pem");
  const fallback = join(folder, "fallback.pem");
  for (const file of [mine, usual]) writeFileSync(file, "x");
  expect(findSystemAuthorities({ SSL_CERT_FILE: mine }, fallback, [usual])).toBe(mine);
  expect(findSystemAuthorities({ SSL_CERT_FILE: "/no/such" }, fallback, [usual])).toBe(usual);
  expect(findSystemAuthorities({}, fallback, ["/no/such"])).toBe(fallback);
  expect(readFileSync(fallback, "utf8").match(/BEGIN CERTIFICATE/g)?.length).toBeGreaterThan(50);
});
