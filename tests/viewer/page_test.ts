/** The viewer in Chromium, opened from a file. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { pathToFileURL } from "node:url";
import { Doc, encodeRecord, repack } from "../../doc/mod.ts";
import { buildViewer } from "../../scripts/viewer.ts";
import {
  type Browser,
  browserTest,
  eventually,
  type Page,
} from "../support/chromium.ts";
import {
  fixture,
  manifest,
  numberedDocs,
  TemporaryDirectory,
  writeBinFile,
} from "../support/files.ts";

/** Opens the viewer in a window of a width. */
async function openViewer(
  browser: Browser,
  directory: TemporaryDirectory,
  width = 1440,
): Promise<Page> {
  const path = directory.file("viewer.html");
  Deno.writeTextFileSync(path, await buildViewer());
  const page = await browser.open(pathToFileURL(path).href);
  await page.present(width, 800);
  return page;
}

/** Opens a bin file and waits until it is read to its end. */
async function openFile(page: Page, path: string): Promise<void> {
  await page.pick("#pick", path);
  await page.until(
    `document.getElementById("progress").hidden &&
      document.getElementById("count").textContent !== ""`,
  );
}

const textOf = (page: Page, id: string) =>
  page.evaluate<string>(`document.getElementById("${id}").textContent`);

/** Keys of the visible rows. */
const KEYS = `Array.from(
  document.querySelectorAll("#list .line:not([hidden]) .key"),
  (cell) => cell.textContent,
)`;

/** Id of the focused element. */
const FOCUS = "document.activeElement.id";

/** Waits until the first visible rows have these keys. */
async function untilListed(page: Page, ...keys: string[]): Promise<void> {
  const wanted = JSON.stringify(keys);
  await page.until(`${wanted}.every((key, i) => ${KEYS}[i] === key)`);
}

browserTest(
  "the viewer lists and shows files of every codec, package or not",
  async (browser) => {
    using directory = new TemporaryDirectory();
    const page = await openViewer(browser, directory);
    const zstd = directory.file("docs.zst");
    await repack({
      source: fixture("none.bin"),
      target: zstd,
      targetCodec: "zstd",
      packageCodec: "zstd",
    });
    const files = ["none", "gzip", "bzip2", "brotli", "lz4", "xz"]
      .flatMap((codec) => [`${codec}.bin`, `none.bin.${codec}`])
      .filter((name) => name !== "none.bin.none").map(fixture);
    for (const path of [...files, zstd]) {
      await openFile(page, path);
      assertEquals(await textOf(page, "count"), `${manifest.length} documents`);
      await untilListed(page, ...manifest.slice(0, 10).map(({ key }) => key));
      // Sizes appear when contents were decompressed.
      await page.until(
        `document.querySelector("#list .line .unpacked").textContent !== ""`,
      );
      await page.press("Enter");
      await page.until(`!document.getElementById("document").hidden`);
      assertEquals(await textOf(page, "key"), manifest[0].key);
      assertMatch(await textOf(page, "document-facts"), /Unpacked/);
    }
    const facts = await textOf(page, "facts");
    assertMatch(facts, /Codec\s*zstdPackage\s*zstd/);
    assertEquals(page.problems, []);
  },
);

/** One document for each view. */
const gallery = [
  new Doc("a text.txt", "A text with <b>markup</b>\nand a second line"),
  new Doc("a/record.json", '{"n":12345678901234567890,"list":[]}'),
  new Doc(
    "a picture.svg",
    `<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20">
      <script>document.title = "scripts run"</script></svg>`,
  ),
  new Doc("some/bytes", Uint8Array.from({ length: 5000 }, (_, i) => i % 251)),
];

browserTest(
  "the viewer shows text, JSON, images and bytes",
  async (browser) => {
    using directory = new TemporaryDirectory();
    const path = directory.file("docs.bin");
    writeBinFile(path, gallery, { codec: "xz" });
    const page = await openViewer(browser, directory);
    await openFile(page, path);
    const open = async (key: string) => {
      await page.press("Enter");
      await page.until(
        `document.getElementById("key").textContent === ${JSON.stringify(key)}`,
      );
    };

    await open("a text.txt");
    assertEquals(await textOf(page, "view"), gallery[0].text());
    assertEquals(await textOf(page, "tabs"), "TextHex");

    await page.press("ArrowDown");
    await open("a/record.json");
    assertEquals(
      await textOf(page, "view"),
      '{\n  "n": 12345678901234567890,\n  "list": []\n}',
    );
    // Arrow keys switch between tabs.
    await page.evaluate(`document.getElementById("tab-json").focus()`);
    await page.press("ArrowRight");
    assertEquals(await textOf(page, "view"), gallery[1].text());
    assertEquals(await page.evaluate(FOCUS), "tab-text");
    await page.press("Escape");
    assertEquals(await page.evaluate(FOCUS), "list");

    await page.press("ArrowDown");
    await open("a picture.svg");
    assertEquals(
      await page.until(`document.querySelector("#view img").naturalWidth`),
      30,
    );

    await page.press("ArrowDown");
    await open("some/bytes");
    assertMatch(await textOf(page, "view"), /^0000000000 01 02 03 .* 0e 0f/);

    await page.call("Browser.setDownloadBehavior", {
      behavior: "allow",
      downloadPath: directory.path,
    });
    await page.evaluate(`document.getElementById("save").click()`);
    const saved = await eventually("the document is saved", () => {
      // The browser creates the file before it writes it.
      const exists = directory.list().includes("bytes");
      const bytes = exists && Deno.readFileSync(directory.file("bytes"));
      return bytes && bytes.length > 0 && bytes;
    });
    assertEquals(saved, gallery[3].content);

    // The page cannot connect to anything, and no script in a document runs.
    assertEquals(
      await page.evaluate(
        `fetch("http://localhost:1/").then(() => "sent", () => "refused")`,
      ),
      "refused",
    );
    assert(page.problems.length > 0);
    for (const problem of page.problems) {
      assertMatch(problem, /Content Security Policy/);
    }
    assertEquals(
      await page.evaluate("document.title"),
      "docs.bin – binfiles viewer",
    );
  },
);

browserTest(
  "the viewer marks corrupted regions and documents, and shows their bytes",
  async (browser) => {
    using directory = new TemporaryDirectory();
    const path = directory.file("docs.bin");
    const docs = numberedDocs(40);
    const offsets = writeBinFile(path, docs, { codec: "gzip" });
    const bytes = Deno.readFileSync(path);
    bytes.fill(0xff, offsets[3], offsets[4]);
    // A corrupt content in a valid record.
    bytes[offsets[7] - 10] ^= 0xff;
    Deno.writeFileSync(path, bytes);
    const page = await openViewer(browser, directory);
    await openFile(page, path);
    await page.until(
      `document.querySelectorAll("#list .row.problem").length === 2`,
    );
    assertEquals(await textOf(page, "corrupt"), "1 corrupt");
    assertEquals(await textOf(page, "count"), "39 documents");
    await page.press("ArrowDown", "ArrowDown", "ArrowDown", "Enter");
    await page.until(`!document.getElementById("problem").hidden`);
    assertMatch(
      await textOf(page, "problem"),
      /^There is no record here: invalid key size -1/,
    );
    assertMatch(await textOf(page, "view"), /^00000000ff ff/);
    await page.press("ArrowDown", "ArrowDown", "ArrowDown", "Enter");
    await page.until(`document.getElementById("key").textContent === "key-6"`);
    assertMatch(await textOf(page, "problem"), /^Cannot decompress gzip data/);
    // The button lists only corrupted regions.
    await page.evaluate(`document.getElementById("corrupt").click()`);
    await page.until(`${KEYS}.length === 1`);
    assertEquals(page.problems, []);
  },
);

/** Documents of a large file. */
const MANY = 1_000_000;

browserTest(
  "the viewer scrolls through a million documents, and filters them while the user types",
  async (browser) => {
    using directory = new TemporaryDirectory();
    const path = directory.file("docs.bin");
    {
      // Ten equal parts, because making records takes longest.
      const content = new Uint8Array([1]);
      const part = Array.from(
        { length: MANY / 10 },
        (_, i) => encodeRecord(new TextEncoder().encode(`key-${i}`), content),
      );
      const bytes = new Uint8Array(await new Blob(part).arrayBuffer());
      using file = Deno.openSync(path, { create: true, write: true });
      for (let i = 0; i < 10; i++) file.writeSync(bytes);
    }
    const page = await openViewer(browser, directory);
    await openFile(page, path);
    assertEquals(await textOf(page, "count"), "1,000,000 documents");
    assertEquals(
      await page.evaluate(`document.getElementById("list").ariaRowCount`),
      "1000001",
    );

    await page.press("End");
    await page.until(`${KEYS}.at(-1) === "key-99999"`);
    // Only visible rows have elements.
    assert(
      await page.evaluate<number>(`document.querySelectorAll(".row").length`) <
        60,
    );
    await page.press("PageUp", "Home");
    await untilListed(page, "key-0", "key-1");
    // The middle of the scroll bar is the middle of the list.
    await page.evaluate(`(() => {
    const rows = document.querySelector("#list .rows");
    rows.scrollTop = (rows.scrollHeight - rows.clientHeight) / 2;
  })()`);
    await page.until(`${KEYS}.some((key) => key === "key-99999")`);

    await page.press("/");
    assertEquals(await page.evaluate(FOCUS), "filter");
    await page.press(..."KEY-777");
    await untilListed(page, "key-777", "key-7770", "key-7771");
    await page.until(`document.getElementById("progress").hidden`);
    // 777, 7770 to 7779, 77700 to 77799, ten times.
    assertEquals(await textOf(page, "count"), "1,110 of 1,000,000 documents");
    await page.press("ArrowDown", "ArrowDown", "Enter");
    await page.until(
      `document.getElementById("key").textContent === "key-7770"`,
    );
    await page.press("/", "Escape");
    await untilListed(page, "key-0");
    assertEquals(page.problems, []);
  },
);

browserTest(
  "on a small screen the viewer shows either the list or the document, within its width",
  async (browser) => {
    using directory = new TemporaryDirectory();
    const page = await openViewer(browser, directory, 360);
    const isVisible = (id: string) =>
      page.evaluate(`document.getElementById("${id}").offsetParent !== null`);
    const fits = `document.documentElement.scrollWidth <= 360`;
    assert(await page.evaluate(fits));
    await openFile(page, fixture("gzip.bin"));
    assert(await page.evaluate(fits));
    await page.press("Enter");
    await page.until(`!document.getElementById("document").hidden`);
    assert(await page.evaluate(fits));
    assertEquals([await isVisible("list"), await isVisible("view")], [
      false,
      true,
    ]);
    assertEquals(await page.evaluate(FOCUS), "key");
    await page.press("Escape");
    assertEquals([await isVisible("list"), await isVisible("view")], [
      true,
      false,
    ]);
    assertEquals(await page.evaluate(FOCUS), "list");
  },
);

browserTest(
  "the viewer says what is wrong with a file without documents",
  async (browser) => {
    using directory = new TemporaryDirectory();
    const page = await openViewer(browser, directory);
    const empty = directory.file("empty.bin");
    Deno.writeFileSync(empty, new Uint8Array(0));
    await openFile(page, empty);
    assertEquals(
      await textOf(page, "note"),
      "There are no documents in this file.",
    );
    const text = directory.file("text.bin");
    Deno.writeTextFileSync(text, "This is no bin file. ".repeat(100));
    await openFile(page, text);
    assertEquals(await textOf(page, "count"), "0 documents");
    await page.until(`/invalid key size \\d+/.test(${KEYS}[0])`);
  },
);
