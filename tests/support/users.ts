/** Other users and namespaces, for which tests must be root or use sudo without a password. */

/** The user and group that attack. */
export const NOBODY = 65534;

/** A command as root. */
function asRoot(command: readonly string[]): string[] {
  return Deno.uid() === 0 ? [...command] : ["sudo", "-nE", ...command];
}

/** A command as a user. */
function asUser(
  uid: number,
  gid: number,
  command: readonly string[],
): string[] {
  const ids = [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"];
  return asRoot(["setpriv", ...ids, ...command]);
}

let isAllowed: boolean | undefined;

/**
 * Whether tests cannot act as another user or in other namespaces, so that they are
 * ignored.
 *
 * @throws {Error} It is so in a CI run (`CI=true`) on Linux.
 */
export function isForbidden(): boolean {
  if (Deno.build.os !== "linux") return true;
  const [program, ...args] = [...inPidNamespace(), ...asNobody("true")];
  isAllowed ??= new Deno.Command(program, { args }).outputSync().success;
  if (!isAllowed && Deno.env.get("CI") === "true") {
    throw new Error("Namespaces are not permitted, and CI ignores no tests");
  }
  return !isAllowed;
}

/** The start of a command that runs another one in a PID namespace, where it is not the first process. */
export function inPidNamespace(): string[] {
  return [
    ...asRoot(["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]),
    ...["setpriv", `--reuid=${Deno.uid()}`, `--regid=${Deno.gid()}`],
    ...["--clear-groups", "sh", "-c", '"$@"; :', "sh"],
  ];
}

/** The start of a command that runs another one with another host name. */
export function onOtherHost(): string[] {
  return [
    ...asRoot(["unshare", "--uts", "sh", "-c"]),
    ...['hostname other-host; exec setpriv "$@"', "sh"],
    ...[`--reuid=${Deno.uid()}`, `--regid=${Deno.gid()}`, "--clear-groups"],
  ];
}

/** A command that runs a shell script as another user; `$1`, `$2`, … are `args`. */
function asNobody(script: string, ...args: string[]): string[] {
  return asUser(NOBODY, NOBODY, ["sh", "-c", script, "sh", ...args]);
}

/** Runs a shell script as another user; `$1`, `$2`, … are `args`. @throws {Error} It fails. */
export function runAsNobody(script: string, ...args: string[]): void {
  const [program, ...rest] = asNobody(script, ...args);
  const { success, stderr } = new Deno.Command(program, { args: rest })
    .outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
