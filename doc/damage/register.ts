/**
 * Recovery for bundles with chosen parts: importing this module makes
 * `skipErrors` work. `@binfiles/binfiles` has it.
 *
 * @example
 * ```ts
 * import "@binfiles/binfiles/codec/gzip";
 * import "@binfiles/binfiles/recovery";
 * import { memorySource, RecordScanner } from "@binfiles/binfiles/core";
 *
 * const source = memorySource(new Uint8Array(1000).fill(255));
 * using scanner = new RecordScanner(source, { skipErrors: true });
 * console.log(scanner.next()); // false: all of it is skipped
 * ```
 *
 * @module
 */
import { ContentCheck } from "./content_check.ts";
import { Recovery } from "./recovery.ts";
import { registerRecovery } from "./recovery_support.ts";
import { resync } from "./resync.ts";

registerRecovery({ Recovery, resync, ContentCheck });
