import { expect, test } from "bun:test";
import { userInfo } from "node:os";
import { expandPath, userId } from "./expand-path.ts";

const place = {
  environment: { HOME: "/home/nonroot", NAME: "n", EMPTY: "", DEEP: "~/x" },
  workingDirectory: "/srv/here",
};

test.each([
  { path: "a.yaml", want: "/srv/here/a.yaml" },
  { path: "/abs/a.yaml", want: "/abs/a.yaml" },
  { path: "-", want: "/srv/here/-" },
  { path: "~/a", want: "/home/nonroot/a" },
  { path: "~", want: "/srv/here/~" },
  { path: "~you/a", want: "/srv/here/~you/a" },
  { path: "a/~/b", want: "/srv/here/a/~/b" },
  { path: "$HOME/a", want: "/home/nonroot/a" },
  { path: `\${HOME}/a`, want: "/home/nonroot/a" },
  { path: `/x/\${NAME}y/$NAME`, want: "/x/ny/n" },
  { path: "/x/$NAMEy", want: "/x" },
  { path: "/x/$UNSET/$EMPTY/y", want: "/x/y" },
  { path: "/x/$", want: "/x/$" },
  { path: "/x/$UID", want: `/x/${userId()}` },
  { path: "$DEEP", want: "/srv/here/~/x" },
  { path: "/a/../b/./c/", want: "/b/c" },
])("expandPath makes $want of $path", ({ path, want }) => {
  expect(expandPath(path, place)).toBe(want);
});

test("expandPath takes UID from the environment where it is exported", () => {
  expect(expandPath("/x/$UID", { ...place, environment: { UID: "77" } })).toBe("/x/77");
});

test.each([{}, { HOME: "" }])("expandPath asks the password database without HOME (%o)", (environment) => {
  expect(expandPath("~/a", { ...place, environment })).toBe(`${userInfo().homedir}/a`);
});
