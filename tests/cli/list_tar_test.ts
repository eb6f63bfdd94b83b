import { assertEquals, assertStringIncludes } from "@std/assert";

import { compress } from "../../codec/mod.ts";
import { runCommand, runShell } from "../support/command.ts";
import { TemporaryDirectory } from "../support/files.ts";
import { packTar } from "../support/modern_tar.ts";

Deno.test("list-tar lists entries with their sizes and types", async () => {
  using directory = new TemporaryDirectory();
  const archive = await packTar([
    { header: { name: "d/", size: 0, type: "directory" } },
    { header: { name: "d/a.html", size: 1500 }, body: "A".repeat(1500) },
    { header: { name: "evil\x1b[31m", size: 1 }, body: "B" },
    { header: { name: "b.html", size: 1 }, body: "B" },
  ]);
  const tar = directory.file("x.tar.gz");
  Deno.writeFileSync(tar, compress(archive, "gzip"));
  const all = await runCommand(["list-tar", tar]);
  assertEquals(all, {
    code: 0,
    stdout:
      "     0 B  d/  (directory)\n  1.5 kB  d/a.html\n     1 B  evil\\x1b[31m\n" +
      "     1 B  b.html\n",
    stderr: "",
  });
  const some = ["t", "-", "-f", "gzip", "-p", "html$", "-l", "1", "--json"];
  const { stdout } = await runCommand(some, { stdin: Deno.readFileSync(tar) });
  assertEquals(JSON.parse(stdout), {
    name: "d/a.html",
    type: "file",
    size: 1500,
    offset: 512,
  });
});

Deno.test("list-tar prints the entries before the damage, and exits with 1; its reader may close the pipe early", async () => {
  using directory = new TemporaryDirectory();
  const entries = Array.from({ length: 5000 }, (_, i) => ({
    header: { name: `some/directory/with/file-${i}`, size: 1 },
    body: "x",
  }));
  const tar = directory.file("x.tar");
  const archive = await packTar(entries);
  Deno.writeFileSync(tar, archive.subarray(0, archive.length - 1100));
  const cut = await runCommand(["list-tar", tar]);
  assertEquals([cut.code, cut.stdout.trim().split("\n").length], [1, 5000]);
  assertStringIncludes(cut.stderr, `error: Cannot read the tar archive ${tar}`);
  const piped = await runShell('binfiles list-tar "$1" | head -n 1', tar);
  assertEquals([piped.code, piped.stderr], [0, ""]);
});
