/** Disks that are soon full. */
import { TemporaryDirectory } from "./files.ts";

/** A disk of 1 MiB in memory. */
export class SmallDisk {
  /** Where it is mounted. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Creates a directory and mounts an empty disk there.
   *
   * @throws {Error} This process may not.
   */
  static mount(path: string): SmallDisk {
    Deno.mkdirSync(path, { recursive: true });
    run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", path);
    return new SmallDisk(path);
  }

  /** Makes room: 64 MiB from now on. */
  enlarge(): void {
    run("mount", "-o", "remount,size=64m", this.path);
  }

  /** Unmounts it. Its files are gone. */
  unmount(): void {
    run("umount", this.path);
  }
}

/** Whether this process may mount disks: only the superuser may, and not in every container. */
export const mayMount: boolean = (() => {
  try {
    using directory = new TemporaryDirectory();
    SmallDisk.mount(directory.path).unmount();
    return true;
  } catch {
    return false;
  }
})();

function run(program: string, ...args: string[]): void {
  const { success, stderr } = new Deno.Command(program, { args }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
