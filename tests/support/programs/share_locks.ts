/**
 * Locks every file of a lock in a directory with a shared `flock` as soon as it
 * finds it, until the standard input ends. Prints the number of files then.
 *
 * Arguments: <directory>
 */
const [directory] = Deno.args;
const held = new Map<string, Deno.FsFile>();
let isOver = false;
Deno.stdin.read(new Uint8Array(1)).then(() => isOver = true);
for (; !isOver; await new Promise((resolve) => setTimeout(resolve))) {
  const end = performance.now() + 20;
  while (performance.now() < end) {
    try {
      for (const { name, isDirectory } of Deno.readDirSync(directory)) {
        if (!isDirectory) continue;
        for (const file of Deno.readDirSync(`${directory}/${name}`)) {
          if (held.has(file.name)) continue;
          const opened = Deno.openSync(`${directory}/${name}/${file.name}`);
          held.set(file.name, opened);
          opened.tryLockSync(false);
        }
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  for (const opened of held.values()) opened.close();
  console.log(held.size);
  held.clear();
}
