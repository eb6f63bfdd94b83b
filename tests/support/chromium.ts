/** A Chromium without a window, driven by the DevTools protocol. */
import { join } from "node:path";
import { TemporaryDirectory } from "./files.ts";
import { isMissing } from "./is_missing.ts";

const PROGRAMS = Deno.env.has("CHROMIUM")
  ? [Deno.env.get("CHROMIUM")!]
  : ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The installed browser; undefined when there is none. */
export const chromium: string | undefined = PROGRAMS.find((program) => {
  try {
    return new Deno.Command(program, { args: ["--version"], stderr: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
});

/** Defines a test that runs in a browser. It is ignored where there is none. */
export function browserTest(
  name: string,
  fn: (browser: Browser) => Promise<void>,
): void {
  Deno.test({
    name,
    ignore: isMissing(chromium ?? PROGRAMS[0]),
    async fn() {
      const browser = await Browser.start();
      try {
        await fn(browser);
      } finally {
        await browser.close();
      }
    },
  });
}

/** A running browser. */
export class Browser {
  readonly #directory: TemporaryDirectory;
  readonly #process: Deno.ChildProcess;
  readonly #address: string;
  readonly #pages: Page[] = [];

  private constructor(
    directory: TemporaryDirectory,
    process: Deno.ChildProcess,
    port: string,
  ) {
    this.#directory = directory;
    this.#process = process;
    this.#address = `127.0.0.1:${port}`;
  }

  /** Starts a browser with a new profile. */
  static async start(): Promise<Browser> {
    const directory = new TemporaryDirectory();
    const process = new Deno.Command(chromium!, {
      args: [
        "--headless=new",
        // Containers run as root, for whom Chromium has no sandbox.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--remote-debugging-port=0",
        `--user-data-dir=${directory.path}`,
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    // Chromium writes the port that it listens on to this file.
    const portFile = join(directory.path, "DevToolsActivePort");
    const port = await eventually("Chromium starts", () => {
      try {
        return Deno.readTextFileSync(portFile).split("\n")[0] || undefined;
      } catch {
        return undefined;
      }
    });
    return new Browser(directory, process, port);
  }

  /** Opens a page. */
  async open(url: string): Promise<Page> {
    const response = await fetch(
      `http://${this.#address}/json/new?about:blank`,
      { method: "PUT" },
    );
    const { webSocketDebuggerUrl } = await response.json();
    const page = await Page.connect(webSocketDebuggerUrl);
    this.#pages.push(page);
    await page.navigate(url);
    return page;
  }

  /** Ends the browser and removes its profile. */
  async close(): Promise<void> {
    for (const page of this.#pages) await page.close();
    this.#process.kill("SIGKILL");
    await this.#process.status;
    // Child processes may still write to the profile for a moment.
    await eventually("the profile is removed", () => {
      try {
        this.#directory[Symbol.dispose]();
        return true;
      } catch {
        return undefined;
      }
    });
  }
}

/** The result of a DevTools call, whose shape depends on the method. */
// deno-lint-ignore no-explicit-any
type Result = any;

/** A page in a browser. */
export class Page {
  /** Uncaught errors, and what the browser blocked. */
  readonly problems: string[] = [];
  readonly #socket: WebSocket;
  readonly #waiting = new Map<
    number,
    { resolve(result: Result): void; reject(error: Error): void }
  >();
  #calls = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
  }

  /** Connects to an open page. */
  static async connect(url: string): Promise<Page> {
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    const page = new Page(socket);
    for (const domain of ["Page", "Runtime", "Log", "DOM"]) {
      await page.call(`${domain}.enable`);
    }
    return page;
  }

  /** Navigates to a URL and waits until the page has loaded. */
  async navigate(url: string): Promise<void> {
    await this.call("Page.navigate", { url });
    await this.until("document.readyState === 'complete'");
  }

  /** Evaluates an expression in the page. Promises are awaited. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.call("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails === undefined) return result.value;
    throw new Error(
      exceptionDetails.exception?.description ?? exceptionDetails.text,
    );
  }

  /** Waits until an expression is truthy and returns its value. */
  until<T>(expression: string): Promise<T> {
    return eventually(
      expression,
      () => this.evaluate<T>(expression),
      () => this.problems.join("\n"),
    );
  }

  /** Picks files in a file input. */
  async pick(selector: string, ...files: string[]): Promise<void> {
    const { root } = await this.call("DOM.getDocument");
    const { nodeId } = await this.call("DOM.querySelector", {
      nodeId: root.nodeId,
      selector,
    });
    await this.call("DOM.setFileInputFiles", { nodeId, files });
  }

  /** Presses keys in turn, by name: `ArrowDown`, `Enter`, `a`. */
  async press(...keys: string[]): Promise<void> {
    for (const key of keys) {
      const text = key === "Enter" ? "\r" : key.length === 1 ? key : undefined;
      const common = { key, windowsVirtualKeyCode: KEY_CODES[key] };
      await this.call("Input.dispatchKeyEvent", {
        ...common,
        type: text === undefined ? "rawKeyDown" : "keyDown",
        text,
      });
      await this.call("Input.dispatchKeyEvent", { ...common, type: "keyUp" });
    }
  }

  /** Sets the size of the window and the preferred color scheme. */
  async present(width: number, height: number, dark = false): Promise<void> {
    await this.call("Emulation.setDeviceMetricsOverride", {
      ...{ width, height, deviceScaleFactor: 1, mobile: width < 600 },
    });
    await this.call("Emulation.setEmulatedMedia", {
      features: [{
        name: "prefers-color-scheme",
        value: dark ? "dark" : "light",
      }],
    });
  }

  /** Saves a screenshot as PNG. */
  async screenshot(path: string): Promise<void> {
    const { data } = await this.call("Page.captureScreenshot");
    Deno.writeFileSync(path, Uint8Array.fromBase64(data));
  }

  /** Calls a DevTools method. */
  call(method: string, params: object = {}): Promise<Result> {
    const id = ++this.#calls;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  /** Disconnects. */
  async close(): Promise<void> {
    await new Promise((resolve) => {
      this.#socket.onclose = resolve;
      this.#socket.close();
    });
  }

  #receive(message: Result): void {
    const { id, error, result, method, params } = message;
    if (id !== undefined) {
      const { resolve, reject } = this.#waiting.get(id)!;
      this.#waiting.delete(id);
      if (error === undefined) resolve(result);
      else reject(new Error(error.message));
    } else if (method === "Runtime.exceptionThrown") {
      const { exception, text } = params.exceptionDetails;
      this.problems.push(exception?.description ?? text);
    } else if (method === "Log.entryAdded" && params.entry.level === "error") {
      this.problems.push(params.entry.text);
    }
  }
}

/** Key codes, which some pages still read. */
const KEY_CODES: Record<string, number> = {
  Backspace: 8,
  Tab: 9,
  Enter: 13,
  Escape: 27,
  PageUp: 33,
  PageDown: 34,
  End: 35,
  Home: 36,
  ArrowLeft: 37,
  ArrowUp: 38,
  ArrowRight: 39,
  ArrowDown: 40,
};

/** How long {@linkcode eventually} waits, in milliseconds. */
const TIMEOUT = 30_000;

/** A value, or none yet. */
type Maybe<T> = T | undefined | false;

/** Repeats an attempt until it returns something truthy. @throws {Error} It takes too long. */
export async function eventually<T>(
  what: string,
  attempt: () => Maybe<T> | Promise<Maybe<T>>,
  explain = () => "",
): Promise<T> {
  const end = Date.now() + TIMEOUT;
  while (Date.now() < end) {
    const value = await attempt();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`Timed out waiting for: ${what}\n${explain()}`);
}
