/**
 * The parts of Deno that the tests use, built on Node's modules, so that the
 * same tests run on Node. Every test file imports it; it is not a global,
 * because the library must not take the runtime for Deno.
 */
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Readable, Writable } from "node:stream";
import { test } from "node:test";

/** Thrown when a test uses something that only Deno has. */
class OnlyOnDeno extends Error {
  constructor(name) {
    super(`needs ${name}`);
  }
}

function runTest(nameOrTest, fn) {
  const { name, fn: body, ignore = false } = typeof nameOrTest === "string"
    ? { name: nameOrTest, fn }
    : nameOrTest;
  test(name, { skip: ignore }, async (t) => {
    const context = { step: (name, body) => t.test(name, () => body(context)) };
    try {
      await body(context);
    } catch (error) {
      if (!(error instanceof OnlyOnDeno)) throw error;
      t.skip(error.message);
    }
  });
}

function temporaryName({ prefix = "", suffix = "" } = {}) {
  return join(tmpdir(), prefix + crypto.randomUUID() + suffix);
}

function makeTempDirSync(options) {
  const path = temporaryName(options);
  fs.mkdirSync(path);
  return path;
}

class Command {
  #program;
  #options;

  constructor(program, { args = [], env = {}, ...options } = {}) {
    this.#program = program;
    this.#options = { args, env: { ...process.env, ...env }, ...options };
  }

  outputSync() {
    const { args, env, cwd } = this.#options;
    const result = spawnSync(this.#program, args, { env, cwd });
    if (result.error !== undefined) throw result.error;
    const { status: code, stdout, stderr } = result;
    return { code, success: code === 0, stdout, stderr };
  }

  output() {
    return this.spawn().output();
  }

  spawn() {
    const { args, env, cwd, stdin } = this.#options;
    const child = spawn(this.#program, args, {
      ...{ env, cwd },
      stdio: [stdin === "piped" ? "pipe" : "ignore", "pipe", "pipe"],
    });
    const status = new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, success: code === 0 }));
    });
    const streams = {
      stdout: Readable.toWeb(child.stdout),
      stderr: Readable.toWeb(child.stderr),
    };
    return {
      ...streams,
      pid: child.pid,
      status,
      stdin: child.stdin === null ? undefined : Writable.toWeb(child.stdin),
      kill: (signal) => child.kill(signal),
      async output() {
        const [{ code, success }, stdout, stderr] = await Promise.all([
          status,
          collect(streams.stdout),
          collect(streams.stderr),
        ]);
        return { code, success, stdout, stderr };
      },
    };
  }
}

async function collect(stream) {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Copies a Buffer into a plain Uint8Array, because assertEquals() tells them apart. */
function plain(buffer) {
  return new Uint8Array(buffer);
}

/** The type of a file, as properties; Node has methods. */
function kind(file) {
  return {
    isFile: file.isFile(),
    isDirectory: file.isDirectory(),
    isSymlink: file.isSymbolicLink(),
  };
}

function stat(file) {
  const { size, mtime, mode, ino, nlink } = file;
  return { size, mtime, mode, ino, nlink, ...kind(file) };
}

const known = {
  test: runTest,
  args: [],
  pid: process.pid,
  env: { get: (name) => process.env[name] },
  build: { os: process.platform === "win32" ? "windows" : process.platform },
  Command,
  memoryUsage: process.memoryUsage,
  readFileSync: (path) => plain(fs.readFileSync(path)),
  readFile: async (path) => plain(await fs.promises.readFile(path)),
  readTextFileSync: (path) => fs.readFileSync(path, "utf8"),
  readTextFile: (path) => fs.promises.readFile(path, "utf8"),
  writeFileSync: (path, bytes, options) =>
    fs.writeFileSync(path, bytes, { flag: options?.append ? "a" : "w" }),
  writeFile: fs.promises.writeFile,
  writeTextFileSync: fs.writeFileSync,
  writeTextFile: fs.promises.writeFile,
  statSync: (path) => stat(fs.statSync(path)),
  stat: async (path) => stat(await fs.promises.stat(path)),
  lstatSync: (path) => stat(fs.lstatSync(path)),
  readDirSync: (path) =>
    fs.readdirSync(path, { withFileTypes: true })
      .map((entry) => ({ name: entry.name, ...kind(entry) })),
  removeSync: (path, options) => fs.rmSync(path, options),
  remove: (path, options) => fs.promises.rm(path, options),
  mkdirSync: fs.mkdirSync,
  symlinkSync: fs.symlinkSync,
  linkSync: fs.linkSync,
  chmodSync: fs.chmodSync,
  truncateSync: fs.truncateSync,
  renameSync: fs.renameSync,
  copyFileSync: fs.copyFileSync,
  makeTempDirSync,
  makeTempDir: (options) => Promise.resolve(makeTempDirSync(options)),
  makeTempFile: (options) => Promise.resolve(temporaryName(options)),
  makeTempFileSync: temporaryName,
  open: (path) =>
    Promise.resolve({
      readable: Readable.toWeb(fs.createReadStream(path)),
    }),
};

/** Web workers, which Node doesn't have. */
export class Worker {
  constructor() {
    throw new OnlyOnDeno("web workers");
  }
}

/** Anything missing here skips the test that uses it, and is named in the report. */
export const Deno = new Proxy(known, {
  get(target, name) {
    if (name in target) return target[name];
    throw new OnlyOnDeno(`Deno.${String(name)}`);
  },
});
