import {
  assert,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotStrictEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import fc from "../support/fast_check.ts";
import {
  BinfilesError,
  globalMemoryPool,
  Lease,
  MemoryPool,
  type MemoryPoolOptions,
  memorySnapshot,
  OptionError,
  PoolError,
  type PoolStatistics,
} from "../../pool/mod.ts";
import {
  DOC_BUFFER_SIZE,
  INITIAL_BUFFER_SIZE,
  MAX_CACHE_SIZE,
  MAX_IDLE_OBJECTS,
  MAX_RETAINED_SIZE,
  partsOf,
} from "../../pool/memory_pool.ts";
import { type Closeable, ObjectPool } from "../../pool/object_pool.ts";
import { sizeClassOf, sizeOfClass } from "../../pool/size_class.ts";
import { type ProgramOptions, runProgram } from "../support/run_program.ts";

/** A pool whose settings do not depend on the environment. */
function makePool(options: MemoryPoolOptions = {}): MemoryPool {
  return new MemoryPool({ enabled: true, tracking: false, ...options });
}

/** Runs a program in `programs/`. @returns What it printed. */
function run(name: string, options?: ProgramOptions): Promise<string> {
  const url = new URL(`./programs/${name}.ts`, import.meta.url);
  return runProgram(url, [], options);
}

const bufferKinds = [
  {
    name: "general",
    part: "buffers",
    get: (pool: MemoryPool, size?: number) => pool.getBuffer(size),
    put: (pool: MemoryPool, buffer: Uint8Array, used?: number) =>
      pool.putBuffer(buffer, used),
    firstSize: 65_536,
  },
  {
    name: "compression",
    part: "compressionBuffers",
    get: (pool: MemoryPool, size?: number) => pool.getCompressorBuffer(size),
    put: (pool: MemoryPool, buffer: Uint8Array, used?: number) =>
      pool.putCompressorBuffer(buffer, used),
    firstSize: 65_536,
  },
  {
    name: "document",
    part: "docBuffers",
    get: (pool: MemoryPool, size?: number) => pool.getDocBuffer(size),
    put: (pool: MemoryPool, buffer: Uint8Array, used?: number) =>
      pool.putDocBuffer(buffer, used),
    firstSize: 32_768,
  },
] as const;

for (const { name, part, get, put, firstSize } of bufferKinds) {
  Deno.test(`the first ${name} buffer has ${firstSize / 1024} KiB`, () => {
    assertEquals(get(makePool()).length, firstSize);
  });

  Deno.test(`a returned ${name} buffer is reused, and counted as a hit`, () => {
    const pool = makePool();
    const first = get(pool);
    first.fill(42);
    put(pool, first);
    const second = get(pool);
    assertEquals(second.length, firstSize);
    assert(second.every((byte) => byte === 42), "not the same memory");
    const { hits, misses, inUse, idle } = pool.statistics()[part];
    assertEquals({ hits, misses, inUse, idle }, {
      hits: 1,
      misses: 1,
      inUse: 1,
      idle: 0,
    });
  });

  Deno.test(`a ${name} buffer has at least the requested size, and at most twice that above 1 KiB`, () => {
    const pool = makePool();
    fc.assert(fc.property(fc.integer({ min: 0, max: 300_000 }), (size) => {
      const buffer = get(pool, size);
      assertGreaterOrEqual(buffer.length, size);
      assertLessOrEqual(buffer.length, Math.max(1024, 2 * size));
      put(pool, buffer);
    }));
  });

  Deno.test(`${name} buffers come from their own pool and return only to it`, () => {
    const pool = makePool();
    const buffer = get(pool);
    for (const other of bufferKinds.filter((kind) => kind.name !== name)) {
      assertThrows(() => other.put(pool, buffer), PoolError, "not in use");
      assertEquals(pool.statistics()[other.part].inUse, 0);
    }
    assertEquals(buffer.length, firstSize);
    put(pool, buffer);
  });

  Deno.test(`the default size of ${name} buffers grows at once and shrinks slowly`, () => {
    const pool = makePool();
    put(pool, get(pool, 500_000));
    assertEquals(get(pool).length, 524_288);
    put(pool, get(pool), 900_000);
    assertEquals(get(pool).length, 1_048_576);

    let smallest = 1_048_576;
    for (let i = 0; i < 1000; i++) {
      const buffer = get(pool);
      assertLessOrEqual(buffer.length, smallest, "grew without need");
      smallest = buffer.length;
      put(pool, buffer, 100);
      if (i === 10) assertEquals(smallest, 1_048_576, "shrank too soon");
    }
    assertEquals(smallest, 1024);
  });
}

Deno.test("the sizes and limits of the original are the defaults", () => {
  assertEquals(INITIAL_BUFFER_SIZE, 64 * 1024);
  assertEquals(DOC_BUFFER_SIZE, 32 * 1024);
  assertEquals(MAX_CACHE_SIZE, 1024 * 1024);
  assertEquals(MAX_RETAINED_SIZE, 32 * 1024 * 1024);
  assertEquals(MAX_IDLE_OBJECTS, 8);
});

Deno.test("first sizes can be chosen", () => {
  const pool = makePool({ initialBufferSize: 5000, docBufferSize: 100 });
  assertEquals(pool.getBuffer().length, 8192);
  assertEquals(pool.getCompressorBuffer().length, 8192);
  assertEquals(pool.getDocBuffer().length, 1024);
});

Deno.test("size classes are powers of two from 1 KiB to 2 GiB", () => {
  for (
    const [size, expected] of [
      [0, 1024],
      [1, 1024],
      [1024, 1024],
      [1025, 2048],
      [65_536, 65_536],
      [65_537, 131_072],
      [2 ** 30 + 1, 2 ** 31],
      [2 ** 31, 2 ** 31],
    ]
  ) assertEquals(sizeOfClass(sizeClassOf(size)), expected);
});

for (const size of [-1, NaN, Infinity, 2 ** 31 + 1]) {
  Deno.test(`a buffer of ${size} bytes is refused, and the pool works as before`, () => {
    const pool = makePool();
    assertThrows(() => sizeClassOf(size), OptionError, `buffer size ${size}`);
    assertThrows(() => pool.getBuffer(size), OptionError);
    assertThrows(() => pool.lease(size), OptionError);
    const buffer = pool.getBuffer();
    assertThrows(() => pool.putBuffer(buffer, size), OptionError);
    assertEquals(buffer.length, 65_536);
    pool.putBuffer(buffer);
    const { inUse, hits, misses } = pool.statistics().buffers;
    assertEquals([inUse, hits, misses], [0, 0, 1]);
    assertEquals(pool.getBuffer().length, 65_536);
  });
}

Deno.test("a lease has exactly the requested size, and its buffer returns at the end of the scope", () => {
  const pool = makePool();
  for (const size of [0, 1, 1000, 100_000]) {
    using lease = pool.lease(size);
    assertInstanceOf(lease, Lease);
    assertEquals(lease.bytes.length, size);
    assertEquals(pool.statistics().buffers.inUse, 1);
  }
  assertEquals(pool.statistics().buffers.inUse, 0);
  assertEquals(pool.outstanding(), []);
});

Deno.test("a lease ends when its scope is left by an error", () => {
  const pool = makePool();
  assertThrows(
    () => {
      using lease = pool.lease(10);
      lease.bytes[0] = 1;
      throw new Error("on the way");
    },
    Error,
    "on the way",
  );
  assertEquals(pool.statistics().buffers.inUse, 0);
});

Deno.test("using an ended lease is an error, closing it again is harmless, and neither affects the next holder", () => {
  const pool = makePool();
  const ended = pool.lease(2000);
  ended[Symbol.dispose]();
  using next = pool.lease(2000);
  next.bytes.fill(7);
  assertThrows(
    () => ended.bytes,
    PoolError,
    "Cannot use a lease of 2000 bytes: it has ended",
  );
  ended.close();
  ended[Symbol.dispose]();
  assertEquals(pool.statistics().buffers.inUse, 1);
  assert(next.bytes.every((byte) => byte === 7));
});

Deno.test("returning a buffer twice is an error that does not affect the next holder", () => {
  const pool = makePool();
  const first = pool.getBuffer();
  pool.putBuffer(first);
  const second = pool.getBuffer();
  second.fill(7);
  const error = assertThrows(
    () => pool.putBuffer(first),
    PoolError,
    "Cannot return a buffer to the general buffer pool: it is not in use",
  );
  assertInstanceOf(error, BinfilesError);
  assertEquals(pool.statistics().buffers.inUse, 1);
  assertEquals(second.length, 65_536);
  assert(second.every((byte) => byte === 7));
});

Deno.test("a buffer of another pool, or from elsewhere, is rejected unchanged", () => {
  const pool = makePool();
  const foreign = makePool().getBuffer();
  const own = new Uint8Array(65_536);
  const shared = new Uint8Array(new SharedArrayBuffer(1024));
  for (const buffer of [foreign, own, shared]) {
    const { length } = buffer;
    assertThrows(() => pool.putBuffer(buffer), PoolError, "not in use");
    assertEquals(buffer.length, length);
  }
  assertEquals(pool.statistics().total.inUse, 0);
  assertEquals(pool.statistics().total.discarded, 0);
});

Deno.test("any view of a buffer returns it, and all views are empty afterwards", () => {
  const pool = makePool();
  const buffer = pool.getBuffer();
  const views = [
    buffer,
    buffer.subarray(10, 20),
    buffer.subarray(5, 5),
    new Uint8Array(buffer.buffer, 100, 50),
    new DataView(buffer.buffer),
    new Uint32Array(buffer.buffer),
  ];
  pool.putBuffer(buffer.subarray(10, 20));
  const next = pool.getBuffer();
  next.fill(9);
  for (const view of views) {
    if (view instanceof DataView) {
      assertThrows(() => view.getUint8(0), TypeError);
    } else {
      assertEquals(view.length, 0);
      view[0] = 1;
      assertThrows(() => view.fill(1), TypeError);
    }
  }
  assert(next.every((byte) => byte === 9));
});

Deno.test("a buffer that was transferred to another thread counts as discarded when it is returned", () => {
  const pool = makePool();
  const buffer = pool.getBuffer();
  structuredClone(buffer, { transfer: [buffer.buffer] });
  pool.putBuffer(buffer);
  {
    using lease = pool.lease(100);
    structuredClone(lease.bytes, { transfer: [lease.bytes.buffer] });
  }
  const { inUse, idle, discarded } = pool.statistics().buffers;
  assertEquals({ inUse, idle, discarded }, { inUse: 0, idle: 0, discarded: 2 });
});

Deno.test("interleaved tasks never see each other's bytes, even through stale views", async () => {
  const pool = makePool();
  /** Stale views that tasks have kept. */
  const kept: Uint8Array[] = [];

  async function task(id: number, sizes: number[], leases: boolean) {
    for (const size of sizes) {
      const lease = leases ? pool.lease(size) : undefined;
      const bytes = lease?.bytes ?? pool.getBuffer(size);
      bytes.fill(id);
      for (let i = 0; i < 1 + id % 3; i++) {
        await Promise.resolve();
        // Stale views are written to all the time.
        for (const view of kept) for (let at = 0; at < 9; at++) view[at] = 255;
        assert(bytes.every((byte) => byte === id), "another's bytes");
      }
      kept.push(bytes, bytes.subarray(1));
      if (lease !== undefined) lease[Symbol.dispose]();
      else pool.putBuffer(bytes);
    }
  }

  const sizes = fc.array(fc.integer({ min: 1, max: 5000 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(fc.array(sizes, { maxLength: 24 }), async (all) => {
      kept.splice(0);
      await Promise.all(all.map((own, id) => task(id, own, id % 2 === 0)));
      assertEquals(pool.statistics().buffers.inUse, 0);
      assert(kept.every(({ length }) => length === 0));
    }),
    { numRuns: 60 },
  );
  assertGreater(pool.statistics().buffers.hits, 0);
});

Deno.test("idle memory is released when it is not needed for a while, and memory in steady use is kept", () => {
  const pool = makePool();
  const burst = Array.from({ length: 20 }, () => pool.getBuffer(100_000));
  for (const buffer of burst) pool.putBuffer(buffer);
  assertEquals(pool.statistics().buffers.idle, 20);

  for (let i = 0; i < 2 * 256; i++) {
    const pair = [pool.getBuffer(100_000), pool.getBuffer(100_000)];
    for (const buffer of pair) pool.putBuffer(buffer);
  }
  const { idle, retainedBytes, discarded, misses } = pool.statistics().buffers;
  assertEquals({ idle, retainedBytes, discarded, misses }, {
    idle: 2,
    retainedBytes: 2 * 131_072,
    discarded: 18,
    misses: 20,
  });
});

Deno.test("idle memory of sizes that are not requested any more is released", () => {
  const pool = makePool();
  for (const size of [1000, 10_000, 100_000, 1_000_000]) {
    pool.putBuffer(pool.getBuffer(size));
  }
  for (let i = 0; i < 2 * 256; i++) pool.putBuffer(pool.getBuffer(10_000));
  assertEquals(pool.statistics().buffers.retainedBytes, 16_384);
});

Deno.test("idle document buffers that are not needed any more make room for other buffers", () => {
  const pool = makePool({ maxRetainedSize: 4 * 1024 * 1024 });
  const docs = Array.from({ length: 4 }, () => pool.getDocBuffer(2 ** 20));
  for (const buffer of docs) pool.putDocBuffer(buffer);
  assertEquals(pool.statistics().docBuffers.retainedBytes, 4 * 2 ** 20);

  for (let i = 0; i < 2 * 256 + 2; i++) pool.putBuffer(pool.getBuffer());
  assertEquals(pool.statistics().docBuffers.retainedBytes, 0);
  const { hits } = pool.statistics().buffers;
  pool.putBuffer(pool.getBuffer());
  assertEquals(pool.statistics().buffers.hits, hits + 1);
});

Deno.test("nothing larger than maxCacheSize is kept", () => {
  const pool = makePool();
  pool.putBuffer(pool.getBuffer(MAX_CACHE_SIZE));
  pool.putBuffer(pool.getBuffer(MAX_CACHE_SIZE + 1));
  const { idle, retainedBytes, discarded } = pool.statistics().buffers;
  assertEquals([idle, retainedBytes, discarded], [1, MAX_CACHE_SIZE, 1]);

  const small = makePool({ maxCacheSize: 4096 });
  small.putBuffer(small.getBuffer(4096));
  small.putBuffer(small.getBuffer(4097));
  assertEquals(small.statistics().buffers.retainedBytes, 4096);
});

Deno.test("all kinds of buffers together keep no more than maxRetainedSize", () => {
  const pool = makePool({ maxRetainedSize: 300_000 });
  const held = bufferKinds.map((kind) => ({
    kind,
    buffers: Array.from({ length: 3 }, () => kind.get(pool, 65_536)),
  }));
  for (const { kind, buffers } of held) {
    for (const buffer of buffers) kind.put(pool, buffer);
  }
  const { total } = pool.statistics();
  assertEquals(total.retainedBytes, 4 * 65_536);
  assertEquals(total.idle, 4);
  assertEquals(total.discarded, 5);
});

/** A minimal model of a buffer pool. */
class PoolModel {
  readonly statistics: PoolStatistics = {
    hits: 0,
    misses: 0,
    inUse: 0,
    highWater: 0,
    idle: 0,
    retainedBytes: 0,
    discarded: 0,
  };
  readonly #limits: { maxCacheSize: number; maxRetainedSize: number };
  /** Number of idle buffers of a size. */
  readonly #idle = new Map<number, number>();

  constructor(limits: { maxCacheSize: number; maxRetainedSize: number }) {
    this.#limits = limits;
  }

  get(size: number): void {
    const idle = this.#idle.get(size) ?? 0;
    if (idle > 0) {
      this.statistics.hits++;
      this.#change(size, -1);
    } else this.statistics.misses++;
    this.statistics.inUse++;
    this.statistics.highWater = Math.max(
      this.statistics.highWater,
      this.statistics.inUse,
    );
  }

  put(size: number): void {
    this.statistics.inUse--;
    const { maxCacheSize, maxRetainedSize } = this.#limits;
    if (
      size <= maxCacheSize &&
      this.statistics.retainedBytes + size <= maxRetainedSize
    ) this.#change(size, 1);
    else this.statistics.discarded++;
  }

  clear(): void {
    for (const [size, idle] of this.#idle) {
      this.#change(size, -idle);
      this.statistics.discarded += idle;
    }
  }

  #change(size: number, count: number): void {
    this.#idle.set(size, (this.#idle.get(size) ?? 0) + count);
    this.statistics.idle += count;
    this.statistics.retainedBytes += count * size;
  }
}

Deno.test("statistics are exact over any sequence of operations", () => {
  const operation = fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record({
        type: fc.constant("get" as const),
        size: fc.integer({ min: 0, max: 40_000 }),
      }),
    },
    {
      weight: 9,
      arbitrary: fc.record({
        type: fc.constant("put" as const),
        which: fc.nat(),
        used: fc.option(fc.nat(40_000), { nil: undefined }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ type: fc.constant("wrong" as const) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant("clear" as const) }),
    },
  );
  // Fewer requests than there are between two trims, which have their own tests.
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
      const limits = { maxCacheSize: 16_384, maxRetainedSize: 60_000 };
      const pool = makePool(limits);
      const model = new PoolModel(limits);
      const held: Uint8Array[] = [];
      for (const operation of operations) {
        if (operation.type === "get") {
          const buffer = pool.getBuffer(operation.size);
          model.get(buffer.length);
          held.push(buffer);
        } else if (operation.type === "put" && held.length > 0) {
          const [buffer] = held.splice(operation.which % held.length, 1);
          model.put(buffer.length);
          pool.putBuffer(buffer, operation.used);
        } else if (operation.type === "wrong") {
          assertThrows(() => pool.putBuffer(new Uint8Array(1024)), PoolError);
        } else if (operation.type === "clear") {
          pool.clear();
          model.clear();
        }
        assertEquals(pool.statistics().buffers, model.statistics);
        assertEquals(pool.statistics().total, model.statistics);
      }
      assertEquals(
        pool.outstanding().map(({ size }) => size),
        held.map(({ length }) => length),
      );
    }),
  );
});

Deno.test("the retained memory stays within its bound and is counted exactly over long runs with all kinds of buffers", () => {
  const step = fc.record({
    kind: fc.integer({ min: 0, max: 2 }),
    size: fc.integer({ min: 0, max: 60_000 }),
    keep: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 600, maxLength: 900 }),
      (steps) => {
        const pool = makePool({
          maxCacheSize: 32_768,
          maxRetainedSize: 150_000,
        });
        const held: [number, Uint8Array][] = [];
        for (const { kind, size, keep } of steps) {
          held.push([kind, bufferKinds[kind].get(pool, size)]);
          if (!keep) {
            for (const [kind, buffer] of held.splice(0)) {
              bufferKinds[kind].put(pool, buffer);
            }
          }
          const { total } = pool.statistics();
          assertLessOrEqual(total.retainedBytes, 150_000);
          assertEquals(total.inUse, held.length);
          // Every buffer that was created is in use, idle or discarded.
          assertEquals(
            total.misses,
            total.inUse + total.idle + total.discarded,
          );
        }
        pool.clear();
        assertEquals(pool.statistics().total.retainedBytes, 0);
        assertEquals(pool.statistics().total.idle, 0);
      },
    ),
    { numRuns: 10 },
  );
});

Deno.test("statistics are copies that later use does not change", () => {
  const pool = makePool();
  const before = pool.statistics();
  pool.getBuffer();
  assertEquals(before.buffers.inUse, 0);
  before.buffers.inUse = 99;
  assertEquals(pool.statistics().buffers.inUse, 1);
});

Deno.test("buffers that were never returned are listed, without a stack trace unless tracking is on", () => {
  const pool = makePool();
  pool.putBuffer(pool.getBuffer());
  pool.getDocBuffer();
  pool.getCompressorBuffer(100_000);
  pool.lease(10);
  assertEquals(pool.outstanding(), [
    { pool: "general buffer", size: 1024 },
    { pool: "compression buffer", size: 131_072 },
    { pool: "document buffer", size: 32_768 },
  ]);
});

Deno.test("with tracking on, buffers that were never returned are listed with a stack trace", () => {
  const pool = makePool({ tracking: true });
  function forgetful() {
    pool.getBuffer();
  }
  forgetful();
  pool.putBuffer(pool.getBuffer());
  const [leak, ...others] = pool.outstanding();
  assertEquals(others, []);
  assertStringIncludes(leak.takenAt!, "forgetful");
  assertStringIncludes(leak.takenAt!, "pool_test");
});

Deno.test("BINFILES_POOL=track turns tracking on", async () => {
  const printed = await run("tracked", { env: { BINFILES_POOL: "track" } });
  assertMatch(printed, /\.ts:\d+:\d+/);
});

Deno.test("a leaked buffer is collected, but stays listed", async () => {
  const printed = await run("leak", {
    flags: ["--allow-all", "--v8-flags=--expose-gc"],
  });
  assertEquals(printed, "0 20");
});

Deno.test("a pool that is not enabled reuses nothing and keeps nothing", () => {
  const pool = makePool({ enabled: false });
  for (let i = 0; i < 3; i++) {
    for (const { get, put } of bufferKinds) {
      const buffer = get(pool);
      assert(buffer.every((byte) => byte === 0), "not new");
      buffer.fill(1);
      put(pool, buffer);
      assertThrows(() => put(pool, buffer), PoolError);
    }
    partsOf(pool).compressors.put(
      partsOf(pool).compressors.get("key", () => ({})),
    );
  }
  const { hits, misses, idle, retainedBytes, discarded, inUse } =
    pool.statistics().total;
  assertEquals({ hits, misses, idle, retainedBytes, discarded, inUse }, {
    hits: 0,
    misses: 12,
    idle: 0,
    retainedBytes: 0,
    discarded: 12,
    inUse: 0,
  });
});

Deno.test("BINFILES_POOL=off disables every pool without an explicit setting", async () => {
  const printed = await run("enabled", { env: { BINFILES_POOL: "off" } });
  assertEquals(JSON.parse(printed), [[false, 0], [false, 0], [true, 4]]);
});

Deno.test("clear releases everything idle, and what is in use stays valid", () => {
  const pool = makePool();
  let closed = 0;
  const close = () => void closed++;
  const buffer = pool.getBuffer();
  buffer.fill(3);
  for (const { get, put } of bufferKinds) put(pool, get(pool));
  partsOf(pool).compressors.put(
    partsOf(pool).compressors.get("a", () => ({ close })),
  );
  const held = partsOf(pool).decompressors.get("b", () => ({ close }));
  pool.clear();
  assertEquals(closed, 1);
  assertEquals(pool.statistics().total.idle, 0);
  assertEquals(pool.statistics().total.retainedBytes, 0);
  assert(buffer.every((byte) => byte === 3));
  pool.putBuffer(buffer);
  partsOf(pool).decompressors.put(held);
  assertEquals(pool.statistics().total.idle, 2);
  assertEquals(pool.getBuffer()[0], 3);
  pool.clear();
  assertEquals(closed, 2);
});

/** An expensive object that records whether it was closed. */
class Thing implements Closeable {
  closed = false;

  close(): void {
    assert(!this.closed, "closed twice");
    this.closed = true;
  }
}

Deno.test("an object is reused under its own key only", () => {
  const pool = new ObjectPool<Thing>("thing", 4);
  const a = pool.get("a", () => new Thing());
  const b = pool.get("b", () => new Thing());
  assertNotStrictEquals(a, b);
  pool.put(a);
  pool.put(b);
  assertStrictEquals(pool.get("b", () => new Thing()), b);
  assertStrictEquals(pool.get("a", () => new Thing()), a);
  assertNotStrictEquals(pool.get("a", () => new Thing()), a);
  const { hits, misses, inUse, highWater } = pool.statistics;
  assertEquals([hits, misses, inUse, highWater], [2, 3, 3, 3]);
});

Deno.test("no more objects of a key are kept than maxIdle; the rest is closed", () => {
  const pool = new ObjectPool<Thing>("thing", 2);
  const things = Array.from(
    { length: 5 },
    () => pool.get("a", () => new Thing()),
  );
  const other = pool.get("b", () => new Thing());
  for (const thing of [...things, other]) pool.put(thing);
  assertEquals(things.map(({ closed }) => closed), [
    false,
    false,
    true,
    true,
    true,
  ]);
  assertEquals(other.closed, false);
  const { idle, discarded } = pool.statistics;
  assertEquals([idle, discarded], [3, 3]);
});

Deno.test("a discarded object is closed and not reused", () => {
  const pool = new ObjectPool<Thing>("thing", 2);
  const broken = pool.get("a", () => new Thing());
  pool.discard(broken);
  assert(broken.closed);
  assertNotStrictEquals(pool.get("a", () => new Thing()), broken);
  assertThrows(() => pool.put(broken), PoolError, "not in use");
  assertThrows(() => pool.discard(broken), PoolError, "not in use");
  assertEquals(pool.statistics.discarded, 1);
  assertEquals(pool.statistics.inUse, 1);
});

Deno.test("an object that is not in use cannot be returned", () => {
  const pool = new ObjectPool<Thing>("thing", 2);
  assertThrows(
    () => pool.put(new Thing()),
    PoolError,
    "Cannot return an object to the thing pool: it is not in use",
  );
  const thing = pool.get("a", () => new Thing());
  pool.put(thing);
  assertThrows(() => pool.put(thing), PoolError);
  assertEquals(pool.statistics.idle, 1);
  assertEquals(pool.statistics.inUse, 0);
});

Deno.test("a factory that throws leaves the pool as it was", () => {
  const pool = new ObjectPool<Thing>("thing", 2);
  const before = pool.statistics;
  assertThrows(() =>
    pool.get("a", () => {
      throw new Error("no memory");
    })
  );
  assertEquals(pool.statistics, before);
});

Deno.test("objects without a close method can be pooled, dropped and cleared", () => {
  const pool = new ObjectPool<Closeable>("plain", 1);
  const [a, b] = [pool.get("x", () => ({})), pool.get("x", () => ({}))];
  pool.put(a);
  pool.put(b);
  pool.clear();
  assertEquals(pool.statistics.idle, 0);
  assertEquals(pool.statistics.discarded, 2);
});

Deno.test("each worker has a pool of its own", async () => {
  const program = new URL("./programs/worker.ts", import.meta.url);
  const before = globalMemoryPool.statistics();
  const answers = await Promise.all([20, 30].map((times) => {
    const worker = new Worker(program, { type: "module" });
    return new Promise<[number, PoolStatistics]>((resolve, reject) => {
      worker.onerror = reject;
      worker.onmessage = ({ data }) => resolve(data);
      worker.postMessage({ times, mark: times });
    }).finally(() => worker.terminate());
  }));
  assertEquals(
    answers.map(([strange, { hits, misses, idle }]) => [
      strange,
      hits,
      misses,
      idle,
    ]),
    [[0, 19, 1, 1], [0, 29, 1, 1]],
  );
  assertEquals(globalMemoryPool.statistics(), before);
});

Deno.test("without permissions nothing prompts: variables are undefined, and modules load", async () => {
  const printed = await run("no_permissions", {
    flags: [],
    env: { BINFILES_POOL: "off" },
  });
  assertEquals(JSON.parse(printed), [null, "function", true]);
});

Deno.test("with permission an environment variable is read", async () => {
  const printed = await run("environment", {
    flags: ["--allow-env=BINFILES_TEST,BINFILES_POOL"],
    env: { BINFILES_TEST: "a value" },
  });
  assertEquals(printed, "a value undefined");
});

Deno.test("a memory snapshot has the memory of the process and the statistics of the pool", () => {
  const pool = makePool();
  pool.putBuffer(pool.getBuffer());
  const snapshot = memorySnapshot(pool);
  assertGreater(snapshot.rss, 0);
  assertGreater(snapshot.heapUsed, 0);
  assertLess(snapshot.heapUsed, snapshot.rss * 2);
  assertEquals(snapshot.pool, pool.statistics());
  assertEquals(memorySnapshot().pool, globalMemoryPool.statistics());
});
